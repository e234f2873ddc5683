import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandNames } from '../../cli/commands.js';
import * as api from '../../src/index.js';

const sets = readdirSync('datasets', { withFileTypes: true }).filter((entry) => entry.isDirectory());
const folders = [
  '.',
  'docs',
  'docs/decisions',
  'examples',
  'examples/pytorch',
  'models',
  ...sets.map(({ name }) => `datasets/${name}`),
];
const documents = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** Targets of the links in `text`, as of a document at `path`, that are files of this repository but do not exist. */
function brokenLinks(path: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(path), target)));
}

/**
 * Paths in backquotes, such as `src/foundation/frame.ts`, that look like files or folders of this repository but do not
 * exist.
 */
function missingPaths(text: string): string[] {
  const paths = [...text.matchAll(/`((?:src|cli|datasets|native|test|scripts|docs)\/[\w./-]*)`/g)].map(
    ([, path]) => path,
  );
  return paths.filter((path) => !existsSync(path));
}

test.each(documents)('%s links to files that exist, and names none that does not', (path) => {
  const text = readFileSync(path, 'utf8');
  expect([...brokenLinks(path, text), ...missingPaths(text)]).toEqual([]);
});

test('the package holds all documents and files that its README links to; pictures are in the repository', () => {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [{ files }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' })) as [{ files: { path: string }[] }];
  const held = files.map(({ path }) => path);
  const text = readFileSync('README.md', 'utf8').replaceAll(/!\[[^\]]*\]\([^)]*\)/g, '');
  const targets = [...text.matchAll(/\]\(([^)#\s:]+)[)#]/g)].map(([, target]) => target);
  expect(targets.length).toBeGreaterThan(5);
  const isHeld = (target: string) => held.some((path) => path === target || path.startsWith(`${target}/`));
  expect(targets.filter((target) => !isHeld(target))).toEqual([]);
});

test('a broken link and a path that does not exist are found', () => {
  expect(brokenLinks('docs/models.md', '[here](models.md) and [there](../docs/nowhere.md#part)')).toEqual([
    '../docs/nowhere.md',
  ]);
  expect(missingPaths('`src/foundation/frame.ts`, `src/frames.ts`')).toEqual(['src/frames.ts']);
});

test('every data set has a README', () => {
  const without = sets.filter(({ name }) => !existsSync(join('datasets', name, 'README.md')));
  expect(sets.length).toBeGreaterThan(0);
  expect(without).toEqual([]);
});

const readme = readFileSync('README.md', 'utf8');

test("every name that the README's example imports is exported", () => {
  const imported = [...readme.matchAll(/import \{ (.+) \} from 'pxv'/g)].flatMap(([, names]) => names.split(', '));
  expect(imported).toContain('loadModel');
  expect(imported.filter((name) => !(name in api))).toEqual([]);
});

test('README and guides name each command', () => {
  expect(commandNames).toContain('eval-video');
  const guides = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const text = [readme, ...guides.map((name) => readFileSync(join('docs', name), 'utf8'))].join('');
  expect(commandNames.filter((name) => !text.includes(`pxv ${name}`))).toEqual([]);
});
