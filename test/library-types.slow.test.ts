import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './video/made-clips.js';

const run = promisify(execFile);
const folder = temporaryFolder();
afterAll(folder.remove);

test("a strict check of a user's program, with declarations, finds nothing without the types of Node.js", async () => {
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(resolve('.'), join(folder.path, 'node_modules', 'pxv'));
  writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
  const documents = ['README.md', 'docs/library.md'].map((path) => readFileSync(path, 'utf8')).join('');
  const programs = [...documents.matchAll(/```js\n(.*?)```/gs)]
    .map(([, program]) => program)
    .filter((program) => !program.includes('node:'));
  const files = [...programs, "export * from 'pxv';\n"].map((program, index) => {
    writeFileSync(join(folder.path, `program-${index}.ts`), program);
    return `program-${index}.ts`;
  });
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    noEmit: true,
    skipLibCheck: false,
  };
  writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const tsc = resolve('node_modules', 'typescript', 'bin', 'tsc');
  const checked = run(process.execPath, [tsc, '-p', '.'], { cwd: folder.path });
  // The compiler says what it finds on stdout.
  const { stdout } = await checked.catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
  expect(files.length).toBeGreaterThan(2);
});
