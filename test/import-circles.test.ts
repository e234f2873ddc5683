import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The sources of the package and of its scripts: the text of each file, by its path. */
const sources = new Map(
  ['src', 'cli', 'datasets', 'scripts'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .map((name): [string, string] => [join(folder, name), readFileSync(join(folder, name), 'utf8')]),
  ),
);

/** The files that one of `files` imports or exports from, types alone included. */
function importsOf(path: string, files: ReadonlyMap<string, string>): string[] {
  return ts
    .preProcessFile(files.get(path)!)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => {
      const imported = join(path, '..', fileName).replace(/\.js$/, '.ts');
      if (!files.has(imported)) throw new Error(`${path} imports ${imported}, which is not there`);
      return imported;
    });
}

/** A circle of files, each of which imports the next, and the last the first; empty where there is none. */
function circleIn(files: ReadonlyMap<string, string>): string[] {
  const done = new Set<string>();
  const searched = (path: string, from: string[]): string[] => {
    if (from.includes(path)) return from.slice(from.indexOf(path));
    if (done.has(path)) return [];
    for (const imported of importsOf(path, files)) {
      const circle = searched(imported, [...from, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of files.keys()) {
    const circle = searched(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

test('no files import each other in a circle', () => {
  expect(circleIn(sources)).toEqual([]);
});

test('the search reads what files import, types alone included', () => {
  expect(importsOf('src/backend/lstm.ts', sources)).toContain('src/backend/walk-shape.ts');
  expect(importsOf('cli/main.ts', sources)).toContain('cli/action.ts');
});

/** Files in which `closing` may lead from the last back to the second. */
const drawn = (closing: string) =>
  new Map([
    ['src/first.ts', "import { second } from './second.js';"],
    ['src/second.ts', "import { third, type Third } from './folder/third.js';\nimport fs from 'node:fs';"],
    ['src/folder/third.ts', "export * from './fourth.js';"],
    ['src/folder/fourth.ts', closing],
  ]);

test.each([
  "import { second } from '../second.js';",
  "import type { Second } from '../second.js';",
  "export { second } from '../second.js';",
  "const second = () => import('../second.js');",
])('a circle is found that is closed by: %s', (closing) => {
  expect(circleIn(drawn(closing))).toEqual(['src/second.ts', 'src/folder/third.ts', 'src/folder/fourth.ts']);
});

test('without it there is none', () => {
  expect(circleIn(drawn("import 'node:path';"))).toEqual([]);
});

test('an import of no file is not overlooked', () => {
  expect(() => circleIn(drawn("import { fifth } from './fifth.js';"))).toThrow(
    'src/folder/fourth.ts imports src/folder/fifth.ts, which is not there',
  );
});
