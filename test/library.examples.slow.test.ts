import { readdirSync } from 'node:fs';
import { consumerFolder, examplesOf } from './consumer.js';

const { outputOf, typeErrorsOf } = consumerFolder();

/** Programs of doc comments, with the source of each. */
const examples = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => examplesOf(`src/${name}`).map((program): [string, string] => [name, program]));

test('examples are found, and a strict check of them finds nothing', async () => {
  expect(examples.map(([name]) => name)).toContain('commands/predict/predict-clip.ts');
  expect(await typeErrorsOf(examples.map(([, program]) => program))).toBe('');
});

test.each(examples)(
  'the example of %s runs as pasted, and prints what its comments say',
  async (_, program) => {
    const printed = await outputOf('example.js', program);
    for (const [, comment] of program.matchAll(/ \/\/ (.*)$/gm)) expect(printed).toContain(comment);
  },
  60_000,
);
