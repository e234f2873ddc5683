import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pxv } from './cli/pxv.js';
import { jsonOf } from './cli/tiny-run.js';

const data = join(import.meta.dirname, '../../shared/data');

// The images do not ship: where they are not at hand the tests are skipped, in sight.
const scores = [
  {
    model: 'binarized-mnist',
    set: 'binarized-mnist',
    folder: 'mnist',
    unit: 'natsPerImage',
    score: 79.164,
    within: 0.01,
  },
  {
    model: 'binarized-mnist-1x32',
    set: 'binarized-mnist',
    folder: 'mnist',
    unit: 'natsPerImage',
    score: 81.19,
    within: 0.01,
  },
  { model: 'cifar', set: 'cifar', folder: 'cifar10', unit: 'bitsPerDim', score: 3.36998, within: 0.001 },
  { model: 'cifar-row-lstm', set: 'cifar', folder: 'cifar10', unit: 'bitsPerDim', score: 3.8778, within: 0.001 },
  { model: 'cifar-diagonal-bilstm', set: 'cifar', folder: 'cifar10', unit: 'bitsPerDim', score: 3.8628, within: 0.001 },
];

(existsSync(data) ? test.each(scores) : test.skip.each(scores))(
  '$model scores the test images as docs/results.md says',
  async ({ model, set, folder, unit, score, within }) => {
    const outcome = await pxv(['eval-images', set, '--model', model, '--data', join(data, folder), '--json']);
    expect(outcome.code).toBe(0);
    const found = jsonOf(outcome) as Record<string, number | boolean>;
    expect(found).toMatchObject({ images: 9000, exact: true });
    expect(Math.abs((found[unit] as number) - score)).toBeLessThan(within);
  },
);
