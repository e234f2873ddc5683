import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pxv } from './cli/pxv.js';
import { jsonOf } from './cli/tiny-run.js';

const digits = join(import.meta.dirname, '../../shared/data/mnist');

// The images do not ship: where they are not at hand the test is skipped, in sight.
(existsSync(digits) ? test : test.skip)('binarized-mnist scores the test images as docs/results.md says', async () => {
  const outcome = await pxv(['eval-images', 'binarized-mnist', '--data', digits, '--json']);
  expect(outcome.code).toBe(0);
  const { natsPerImage, images, exact } = jsonOf(outcome) as Record<string, number | boolean>;
  expect({ images, exact }).toEqual({ images: 9000, exact: true });
  expect(natsPerImage).toBeGreaterThan(81.18);
  expect(natsPerImage).toBeLessThan(81.2);
});
