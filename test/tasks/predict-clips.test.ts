import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { predictClips, type PredictClipsOptions } from '../../src/tasks/predict-clips.js';
import { listClips } from '../../src/video/index.js';
import { kernelSets } from '../backend/implementations.js';
import { temporaryFolder } from '../video/made-clips.js';
import { model, pngClip } from './tiny-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

let clips: string[] = [];
beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  clips = await Promise.all(['a', 'b', 'c'].map((name, i) => pngClip(folder.path, name, 2 + i)));
});

let outputs = 0;
async function predict(changes: Partial<PredictClipsOptions> = {}) {
  const out = join(folder.path, `out-${outputs++}`);
  const asked = { horizon: 2, samples: 2, from: null, seed: 1, fit: 'crop' as const };
  return { out, ...(await predictClips(model, await listClips(clips), { ...asked, out, kind: 'png', ...changes })) };
}

test('progress counts the frames of all clips', async () => {
  const told: number[] = [];
  const names = new Set<string>();
  await predict({
    onProgress: ({ name, done, total }) => {
      expect(total).toBe(3 * 2 * 2);
      told.push(done);
      names.add(name);
    },
  });
  expect([...names]).toEqual(['a', 'b', 'c']);
  expect(told.at(-1)).toBe(12);
  told.slice(1).forEach((done, index) => expect(done).toBeGreaterThan(told[index]));
});

test('interrupted in its second clip keeps the first, and the frames of the second that are finished', async () => {
  const controller = new AbortController();
  const onProgress = ({ done }: { done: number }) => done > 4 + 3 && controller.abort(new Error('stopped'));
  const { out, ...result } = await predict({ signal: controller.signal, onProgress });
  expect(result).toMatchObject({
    clips: [
      { name: 'a', predicted: 2 },
      { name: 'b', predicted: 1 },
    ],
    notReached: 1,
  });
  expect(['a', 'b', 'c'].map((name) => existsSync(join(out, `${name}.png`)))).toEqual([true, true, false]);
});

test('a clip with nothing before --from is left out, and where all are, that is an error', async () => {
  const { clips: predicted, leftOut } = await predict({ from: 3 });
  expect(predicted.map(({ name }) => name)).toEqual(['b', 'c']);
  expect(leftOut).toMatchObject([
    { name: 'a', named: true, reason: expect.stringMatching(/at least 3 frames/) as string },
  ]);
  await expect(predict({ from: 9 })).rejects.toMatchObject({ code: 'INPUT' });
});

test('an output takes the place of no clip', async () => {
  await expect(predict({ out: folder.path, kind: 'folder', overwrite: true })).rejects.toMatchObject({ code: 'USAGE' });
});
