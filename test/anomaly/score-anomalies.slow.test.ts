import { chooseBackend } from '../../src/backend/choose-backend.js';
import { loadModel } from '../../src/model/checkpoint.js';
import type { Model } from '../../src/model/model.js';
import { scoreAnomalies, type AnomalyScore } from '../../src/anomaly/score-anomalies.js';
import { madeClips } from './made-clips.js';

let model: Model;
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  model = loadModel('video-64-small');
});

test.each(madeClips().map((clip) => [clip.name, clip] as const))('the first moment is %s', async (_, clip) => {
  let last: AnomalyScore | null = null;
  let count = 0;
  for await (const frame of scoreAnomalies(model, clip.frames, { batch: 8 })) {
    last = frame;
    count++;
  }
  expect(count).toBe(clip.frames.length - 1);
  const [first] = last!.events;
  expect([clip.from <= first.to && first.from <= clip.to, first]).toEqual([true, first]);
  expect(first.peak).toBeGreaterThanOrEqual(clip.from);
  expect(first.peak).toBeLessThanOrEqual(clip.to);
});
