import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FIRST_PREDICTION, firstPrediction } from '../scripts/first-prediction.js';
import { openClip } from '../src/video/index.js';
import { pxv } from './cli/pxv.js';
import { jsonOf } from './cli/tiny-run.js';
import { collect, meanAbsoluteError, temporaryFolder } from './video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const readme = readFileSync('README.md', 'utf8');

/** Levels by which palettes of several versions of FFmpeg may differ. */
const NEAR = 4;

test("the README's picture is what its first command draws, moves, and is small", async () => {
  const out = join(folder.path, 'future.gif');
  const outcome = await pxv([...firstPrediction(readme, out), '--json']);
  const { frames, known, predicted } = jsonOf(outcome) as Record<string, number>;
  expect(known).toBeGreaterThanOrEqual(4);
  expect([outcome.code, frames]).toEqual([0, known + predicted]);
  const size = { width: 400, height: 240 };
  const [shown, drawn] = await Promise.all(
    [FIRST_PREDICTION, out].map(async (path) => collect((await openClip(path, { size, channels: 3 })).frames())),
  );
  const errors = shown.map((frame, index) => meanAbsoluteError(frame, drawn[index]));
  const remedy = 'run `npm run build && node dist/scripts/write-first-prediction.js`';
  const isSame = drawn.length === shown.length && Math.max(...errors) < NEAR;
  expect(isSame ? 'the same' : remedy).toBe('the same');
  expect(meanAbsoluteError(shown[0], shown[known])).toBeGreaterThan(NEAR);
  expect(statSync(FIRST_PREDICTION).size).toBeLessThan(500_000);
}, 180_000);

test('the README shows it before anything else', () => {
  const picture = readme.indexOf(`](${FIRST_PREDICTION})`);
  expect(picture).toBeGreaterThan(0);
  expect(readme.slice(0, picture)).not.toContain('\n## ');
});
