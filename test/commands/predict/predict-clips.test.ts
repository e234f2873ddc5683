import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { predictClips, type PredictClipsOptions } from '../../../src/commands/predict/predict-clips.js';
import { listClips } from '../../../src/video/index.js';
import { kernelSets } from '../../backend/implementations.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { filmClip, model, pngClip } from '../train/tiny-clips.js';

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
  const { out, ...result } = await predict({ signal: controller.signal, keepFinished: true, onProgress });
  expect(result).toMatchObject({
    clips: [
      { name: 'a', predicted: 2 },
      { name: 'b', predicted: 1 },
    ],
    unprocessed: 1,
  });
  expect(['a', 'b', 'c'].map((name) => existsSync(join(out, `${name}.png`)))).toEqual([true, true, false]);
});

test('a clip with nothing before --from is left out, and where all are, that is an error', async () => {
  const told: unknown[] = [];
  const { clips: predicted, skipped } = await predict({ from: 3, onProgress: (one) => told.push(one) });
  expect(told[0]).toEqual({ name: 'a', done: 4, total: 12 });
  expect(predicted.map(({ name }) => name)).toEqual(['b', 'c']);
  expect(skipped).toMatchObject([
    { name: 'a', isExplicit: true, reason: expect.stringMatching(/at least 3 frames/) as string },
  ]);
  await expect(predict({ from: 9 })).rejects.toMatchObject({ code: 'INPUT' });
});

test('a whole name that is another one without its ending is no output of both', async () => {
  const made = join(folder.path, 'named');
  mkdirSync(made);
  // Without their endings two of them are `a`, and the third is the whole name of one of these.
  for (const name of ['a.avi', 'a.mkv', 'a.avi.mkv']) filmClip(made, name, 3);
  const out = join(folder.path, 'of-named');
  const { clips: predicted } = await predictClips(model, await listClips([made]), { out, kind: 'png', horizon: 1 });
  expect(predicted).toHaveLength(3);
  expect(readdirSync(out).sort()).toEqual(['a.avi.mkv.png', 'a.avi.png', 'a.mkv.png']);
});

test('folders of which one would lie in another are refused before any work', async () => {
  const outer = await pngClip(join(folder.path, 'nested'), 'n', 3);
  await pngClip(join(outer, 'sub'), 'clip', 3);
  const sources = await listClips([join(folder.path, 'nested')]);
  const out = join(folder.path, 'of-nested');
  await expect(predictClips(model, sources, { out, kind: 'folder', horizon: 1 })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(
      /received a folder that contains the output of n\/sub\/clip; choose another --format/,
    ) as string,
  });
  expect(existsSync(out)).toBe(false);
  const { clips: predicted } = await predictClips(model, sources, { out, kind: 'png', horizon: 1 });
  expect(predicted.map(({ name }) => name)).toEqual(['n', 'n/sub/clip']);
});

test('a file whose name another output has for its folder is refused, too', async () => {
  const place = join(folder.path, 'odd-names');
  await pngClip(place, 'a', 3);
  await pngClip(join(place, 'a.png'), 'x', 3);
  const asked = { out: join(folder.path, 'of-odd-names'), kind: 'png', horizon: 1 } as const;
  await expect(predictClips(model, await listClips([place]), asked)).rejects.toMatchObject({ code: 'USAGE' });
});

test('what another program has put in the place of an output meanwhile stays', async () => {
  const out = join(folder.path, 'meanwhile');
  const mine = join(out, 'a', 'thesis');
  const onRead = ({ name }: { name: string }) => void (name === 'a' && mkdirSync(mine, { recursive: true }));
  await expect(predict({ out, kind: 'folder', onRead })).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringMatching(/expected a new or empty folder, .* received one with thesis/) as string,
  });
  expect(readdirSync(join(out, 'a'))).toEqual(['thesis']);
});

test('tells how many frames of a clip are read', async () => {
  const told: unknown[] = [];
  await predict({ onRead: (reading) => told.push(reading) });
  expect(told.slice(0, 2)).toEqual([1, 2].map((done) => ({ name: 'a', done, total: 2 })));
  expect(told).toHaveLength(2 + 3 + 4);
});

test('an output takes the place of no clip', async () => {
  await expect(predict({ out: folder.path, kind: 'folder', overwrite: true })).rejects.toMatchObject({ code: 'USAGE' });
});
