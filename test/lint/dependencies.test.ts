import { readFileSync } from 'node:fs';

interface Package {
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

/** Names of the packages that a section lists. */
function listedIn(heading: string): string[] {
  const [, section] = document.split(`## ${heading}\n`);
  return [...section.split('\n## ')[0].matchAll(/^- `([^`]+)`/gm)].map(([, name]) => name);
}

test.each([
  ['What pxv needs', own.dependencies],
  ['What npm leaves out with `--omit=optional`', own.optionalDependencies],
])('%s: each package is listed', (heading, wanted) => {
  expect(listedIn(heading)).toEqual(Object.keys(wanted!));
});

test('licences of what pxv needs are those that the page names', () => {
  const [, sentence] = /^The licences are (.+)\.$/m.exec(document)!;
  const named = sentence.split(/, | and /);
  const used = Object.keys(own.dependencies!).flatMap((name) =>
    packages[`node_modules/${name}`].license!.split(' AND '),
  );
  expect([...new Set(used)].sort()).toEqual(named.sort());
});

test('each package with an install script is named', () => {
  const names = Object.entries(packages).flatMap(([path, { hasInstallScript }]) => {
    const name = path.replace('node_modules/', '').replace(/^@ffmpeg-installer\/.*/, '@ffmpeg-installer/*');
    return hasInstallScript === true && path !== '' ? name : [];
  });
  expect(listedIn('Install scripts').sort()).toEqual([...new Set(names)].sort());
});

test('tfjs is pinned: one exact version of its packages and of the peers', () => {
  const versions = [own.dependencies, own.peerDependencies].flatMap((all) =>
    Object.entries(all!).flatMap(([name, version]) => (name.startsWith('@tensorflow/') ? version : [])),
  );
  expect(versions).toHaveLength(6);
  expect(new Set(versions)).toEqual(new Set(['4.22.0']));
});

test('the packages that pxv was built for are among its own', () => {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = own;
  const names = [dependencies, optionalDependencies, peerDependencies, devDependencies].flatMap((all) =>
    Object.keys(all!),
  );
  const chosen = ['@tensorflow/tfjs-node-gpu', 'fluent-ffmpeg', 'ffmpeg-static', 'commander', 'jest'];
  expect(names).toEqual(expect.arrayContaining(chosen));
  expect(own.dependencies!['fluent-ffmpeg']).toBe('npm:@ts-ffmpeg/fluent-ffmpeg@^2.2.6');
});
