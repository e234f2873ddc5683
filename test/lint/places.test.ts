import { existsSync, readdirSync } from 'node:fs';

/**
 * Tests of no single source, with what each is about. Those of `src/X/y.ts` are `test/X/y.test.ts` and
 * `y.ASPECT.test.ts`. Those under `test/reliability` test a threat, which `docs/reliability.md` lists. Those under
 * `test/lint` test sources and documents.
 */
const ofNoSource: Record<string, string> = {
  abort: 'src/index',
  'browser/bundle': 'bundle',
  'browser/same-bytes': 'browser',
  'cli/comforts': 'commands',
  'cli/installed': 'package',
  'cli/ranks': 'commands',
  'cli/refusals': 'commands',
  'cli/sizes': 'commands',
  'coding/codec': 'src/coding',
  'datasets/test-split': 'imports',
  'distributed/clusters': 'MPI',
  'distributed/train': 'src/training',
  'documented-commands': 'documents',
  'examples/pytorch': 'PyTorch',
  'examples/pytorch-draws': 'PyTorch',
  library: 'package',
  'library-types': 'package',
  'model/anchor-gradients': 'src/optimization',
  'model/heads': 'src/model/heads',
  'model/network-gradients': 'src/model',
  'model/parse-configuration': 'src/foundation',
  models: 'models',
  'native/neon': 'native',
  'commands/check-options': 'options',
  'commands/flag-names': 'options',
  'page/page': 'page',
  'sampling/entropy': 'src/sampling',
  'sampling/enumeration': 'src/sampling',
  'sampling/memory': 'src/sampling',
  'sampling/mixture': 'native/engine',
  'sampling/moving-disc': 'models',
  'sampling/seeds': 'src/sampling',
  'other-backends': 'backend',
  wasm: 'backend',
};

const tests = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
/** Without `.test.ts` and the aspects before it. */
const named = tests.map((path) => ({ path, name: path.replace(/\.[^/]*$/, '') }));
const isElsewhere = (path: string) => /^(reliability\/[\w-]+\.reliability|lint\/[\w-]+)\.test\.ts$/.test(path);

/** Whether a test is named after a source or after what tests share. A data set lies in a folder of its name. */
function hasSource(name: string): boolean {
  const [last] = name.split('/').slice(-1);
  const places = [`src/${name}`, name, `${name}/${last}`, `scripts/${name}`, `test/${name}`];
  return places.some((place) => ['ts', 'mjs'].some((ending) => existsSync(`${place}.${ending}`)));
}

test('each test is named after its source, but for those that are listed', () => {
  const others = named.filter(({ path, name }) => !(name in ofNoSource) && !isElsewhere(path) && !hasSource(name));
  expect(others.map(({ path }) => path)).toEqual([]);
});

test('each test that is listed is there, and named after no source', () => {
  const there = named.map(({ name }) => name);
  expect(Object.keys(ofNoSource).filter((name) => !there.includes(name) || hasSource(name))).toEqual([]);
});

test('a test whose source is gone would be found', () => {
  expect(['backend/wasm', 'datasets/cifar', 'backend/reference'].map(hasSource)).toEqual([true, true, true]);
  expect(['backend/gone', 'cifar'].map(hasSource)).toEqual([false, false]);
});
