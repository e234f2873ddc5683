import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './video/made-clips.js';

const run = promisify(execFile);

/** Returns the programs in JavaScript of a document, in order. */
export function programsOf(document: string): string[] {
  return programsIn(readFileSync(document, 'utf8'));
}

/** Returns the programs that doc comments of a source show, in order. */
export function examplesOf(source: string): string[] {
  const comments = [...readFileSync(source, 'utf8').matchAll(/\/\*\*.*?\*\//gs)].map(([comment]) => comment);
  return comments
    .filter((comment) => comment.includes('@example'))
    .flatMap((comment) => programsIn(comment.replaceAll(/^ *\* ?/gm, '')));
}

function programsIn(text: string): string[] {
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program);
}

/**
 * A user's folder with the package installed, and its examples; `outputOf` runs a program there and gives what it
 * prints, `typeErrorsOf` what a strict check of programs finds, declarations and all, without the types of Node.js.
 */
export function consumerFolder() {
  const folder = temporaryFolder();
  beforeAll(() => {
    mkdirSync(join(folder.path, 'node_modules'));
    symlinkSync(resolve('.'), join(folder.path, 'node_modules', 'pxv'));
    symlinkSync(resolve('examples'), join(folder.path, 'examples'));
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "module" }');
  });
  afterAll(folder.remove);
  const outputOf = async (name: string, program: string): Promise<string> => {
    writeFileSync(join(folder.path, name), program);
    return (await run(process.execPath, [name], { cwd: folder.path })).stdout;
  };
  const typeErrorsOf = async (programs: readonly string[]): Promise<string> => {
    const files = programs.map((program, index) => {
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
    return (await checked.catch((error: { stdout: string }) => error)).stdout;
  };
  return { path: folder.path, outputOf, typeErrorsOf };
}
