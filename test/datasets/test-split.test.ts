import { readdirSync, readFileSync } from 'node:fs';
import { openForTraining } from '../../datasets/index.js';

/** Who may open the test images: what scores a finished model. */
const allowed = ['src/tasks/score-images.ts'];

/** Source files that import any of the two ways to the test split, from outside the data sets. */
function importers(sources: Record<string, string>): string[] {
  return Object.keys(sources).filter((path) => /datasets\/(?:open-for-evaluation|registry)\.js'/.test(sources[path]));
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

test('an import of the test images elsewhere is found', () => {
  const offender = "import { openForEvaluation } from '../../datasets/open-for-evaluation.js';";
  expect(importers({ ...sources, 'src/tasks/train-on-images.ts': offender })).toContain('src/tasks/train-on-images.ts');
});

test("training cannot ask for test images: the type of its split has no 'test'", async () => {
  // @ts-expect-error -- 'test' is no TrainingSplit.
  await expect(openForTraining('mnist', 'test', { data: '/nowhere' })).rejects.toThrow();
});
