import { readdirSync, readFileSync } from 'node:fs';
import { openForTraining } from '../../datasets/index.js';
import { openForEvaluation } from '../../datasets/open-for-evaluation.js';
import { folderWith, idx, refusal } from './made-files.js';

/** Who may open the test images: what scores a finished model. */
const allowed = ['src/commands/evaluate/score-image-set.ts'];

/** Source files that import, from outside the data sets, anything but their public face, which has no test images. */
function importers(sources: Record<string, string>): string[] {
  return Object.keys(sources).filter((path) => /\.\.\/datasets\/(?!index\.js')/.test(sources[path]));
}

const sources = Object.fromEntries(
  ['src', 'cli']
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(path, 'utf8')]),
);

test('nothing but scoring can open test images', () => {
  expect(importers(sources).filter((path) => !allowed.includes(path))).toEqual([]);
});

test.each([
  "import { openForEvaluation } from '../../datasets/open-for-evaluation.js';",
  "import { cifar } from '../../datasets/cifar/cifar.js';",
  "const { resolveImageSet } = await import('../../datasets/registry.js');",
])('elsewhere, %s is found', (offender) => {
  expect(importers({ ...sources, 'src/tasks/train-on-images.ts': offender })).toContain('src/tasks/train-on-images.ts');
});

test("training cannot ask for test images, even past its type of split, which has no 'test'", async () => {
  const data = folderWith({ 't10k-images-idx3-ubyte': idx(2), 'train-images-idx3-ubyte': idx(10) });
  expect((await openForEvaluation('mnist', 'test', { data })).count).toBe(2);
  // @ts-expect-error -- 'test' is no TrainingSplit.
  await expect(openForTraining('mnist', 'test', { data })).rejects.toMatchObject(
    refusal(/split: expected one to learn from \(train, validation\), received test;/, 'USAGE'),
  );
  expect((await openForTraining('mnist', 'validation', { data })).count).toBe(1);
});
