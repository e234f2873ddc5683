import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { aboutShipped } from '../src/model/shipped-models.js';
import { pxv } from './cli/pxv.js';
import { jsonOf } from './cli/tiny-run.js';

const data = join(import.meta.dirname, '../../shared/data');

const digits = { set: 'binarized-mnist', folder: 'mnist', unit: 'natsPerImage', within: 0.01 } as const;
const colours = { set: 'cifar', folder: 'cifar10', unit: 'bitsPerDim', within: 0.001 } as const;

// Of all 9,000 images the scores are those of docs/results.md; the larger networks score every ninth, to save time.
const scores = [
  { ...digits, model: 'binarized-mnist', images: 9000, score: 79.164 },
  { ...digits, model: 'binarized-mnist-1x32', images: 9000, score: 81.19 },
  { ...digits, model: 'binarized-mnist-row-lstm', images: 9000, score: 81.622 },
  { ...digits, model: 'binarized-mnist-pixel-cnn', images: 9000, score: 88.529 },
  { ...colours, model: 'cifar', images: 9000, score: 3.29292 },
  { ...colours, model: 'cifar-pixel-cnn', images: 1000, score: 3.71619 },
  { ...colours, model: 'cifar-row-lstm', images: 1000, score: 3.89177 },
  { ...colours, model: 'cifar-diagonal-bilstm', images: 1000, score: 3.87702 },
];

// The images do not ship: where they are not at hand the tests are skipped, in sight.
(existsSync(data) ? test.each(scores) : test.skip.each(scores))(
  '$model scores $images test images as it did when it was shipped',
  async ({ model, set, folder, unit, images, score, within }) => {
    const source = ['--data', join(data, folder), '--limit', `${images}`];
    const outcome = await pxv(['eval-images', set, '--model', model, ...source, '--json']);
    expect(outcome.code).toBe(0);
    const found = jsonOf(outcome) as Record<string, number | boolean>;
    expect(found).toMatchObject({ images, exact: true });
    expect(Math.abs((found[unit] as number) - score)).toBeLessThan(within);
    if (images === 9000) expect(Math.abs(aboutShipped(model)!.score.value - score)).toBeLessThan(0.001);
  },
);

test('video-64 scores the clip of the examples as it did when it was shipped', async () => {
  const clip = join(import.meta.dirname, '../examples/asl_yes.mkv');
  const outcome = await pxv(['eval-video', clip, '--model', 'video-64', '--horizon', '0', '--json']);
  expect(outcome.code).toBe(0);
  const found = jsonOf(outcome) as Record<string, number | boolean>;
  expect(found.exact).toBe(true);
  expect(Math.abs((found.bitsPerDim as number) - 1.2635)).toBeLessThan(0.001);
});
