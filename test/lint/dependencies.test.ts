import { readFileSync } from 'node:fs';

interface Package {
  version?: string;
  license?: string;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const read = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')) as Package & { packages: Record<string, Package> };
const own = read('package.json');
const { packages } = read('package-lock.json');
const document = readFileSync('docs/dependencies.md', 'utf8');

/** The cells of the tables of a section, row by row, without the heads. */
function rowsOf(heading: string): string[][] {
  const [, section] = document.split(`## ${heading}\n`);
  const rows = section
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test.each([
  ['What pxv needs', own.dependencies],
  ['What npm leaves out with `--omit=optional`', own.optionalDependencies],
])('%s: each package has its version and licence', (heading, wanted) => {
  const installed = Object.keys(wanted!).map((name) => {
    const { version, license } = packages[`node_modules/${name}`];
    return [name, version, license];
  });
  expect(rowsOf(heading).map((row) => row.slice(0, 3))).toEqual(installed);
});

test('each package that developers need has its licence', () => {
  const installed = Object.keys(own.devDependencies!).map((name) => [name, packages[`node_modules/${name}`].license]);
  expect(rowsOf('What only developers need').map((row) => row.slice(0, 2))).toEqual(installed);
});

test('each package with an install script is named', () => {
  const names = Object.entries(packages).flatMap(([path, { hasInstallScript }]) => {
    const name = path.replace('node_modules/', '').replace(/^@ffmpeg-installer\/.*/, '@ffmpeg-installer/*');
    return hasInstallScript === true && path !== '' ? name : [];
  });
  const named = rowsOf('Install scripts').map(([name]) => name.split(',')[0]);
  expect(named.sort()).toEqual([...new Set(names)].sort());
});

test('tfjs is pinned: one exact version of its packages and of the peers', () => {
  const versions = [own.dependencies, own.peerDependencies].flatMap((all) =>
    Object.entries(all!).flatMap(([name, version]) => (name.startsWith('@tensorflow/') ? version : [])),
  );
  expect(versions).toHaveLength(6);
  expect(new Set(versions)).toEqual(new Set(['4.22.0']));
});
