import { consumerFolder, programsOf } from './consumer.js';

const { typeErrorsOf } = consumerFolder();

test("a strict check of a user's program, with declarations, finds nothing without the types of Node.js", async () => {
  const programs = ['README.md', 'docs/library.md'].flatMap(programsOf).filter((program) => !program.includes('node:'));
  expect(programs.length).toBeGreaterThan(2);
  expect(await typeErrorsOf([...programs, "export * from 'pxv';\n"])).toBe('');
});
