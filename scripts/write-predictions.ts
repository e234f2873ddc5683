/**
 * Draws the picture of predictions in docs/results.md, two clips in a row: of each the truth, one sample and the best
 * guess, from the third of the places that `pxv eval-video` predicts from: `npm run build && node
 * dist/scripts/write-predictions.js OUT.png CLIPS...`.
 */
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { chooseBackend } from '../src/backend/choose-backend.js';
import { readStarts, spaceStarts } from '../src/evaluation/forecast-starts.js';
import type { Frame } from '../src/foundation/frame.js';
import { DEFAULT_VIDEO_MODEL, loadModel } from '../src/model/checkpoint.js';
import { FrameSampler } from '../src/sampling/frame-sampler.js';
import { bestGuess, rollOut } from '../src/sampling/forecaster.js';
import { frameOf } from '../src/model/model.js';
import { take } from '../src/commands/train/training-samples.js';
import { Canvas } from '../src/video/canvas.js';
import { openClip } from '../src/video/index.js';

const HORIZON = 8;
/** As eval-video has it. */
const STARTS = 4;
const THIRD = 2;
const GAP = 4;

const [out, ...paths] = process.argv.slice(2);
if (paths.length === 0) throw new TypeError('write-predictions: expected a file to write and clips, received less');
await chooseBackend();
const model = loadModel(DEFAULT_VIDEO_MODEL);
const sampler = new FrameSampler(model);
const shape = model.chain.exampleShape;
const { width, height } = shape.size;
const block = { width: (HORIZON + 1) * width + 3 * GAP, height: 3 * height + 2 * GAP };
const canvas = new Canvas(2 * block.width, Math.ceil(paths.length / 2) * block.height, 3, [32, 32, 32]);

for (const [at, path] of paths.entries()) {
  const left = (at % 2) * block.width;
  const top = Math.floor(at / 2) * block.height;
  for (const [row, [known, ...after]] of (await rowsOf(path)).entries()) {
    const y = top + GAP + row * height;
    canvas.paste(known, left + GAP, y, 1);
    after.forEach((frame, ahead) => canvas.paste(frame, left + 2 * GAP + (ahead + 1) * width, y, 1));
  }
}
await sharp(canvas.data, { raw: { width: canvas.width, height: canvas.height, channels: 3 } })
  .png({ palette: true, effort: 10 })
  .toFile(out);

/** The last known frame and those after it: of the truth, of one sample, of the best guess. */
async function rowsOf(path: string): Promise<Frame[][]> {
  const clip = await openClip(path, { size: shape.size, channels: shape.channels });
  const frames: Frame[] = [];
  for await (const frame of clip.frames()) frames.push(frame);
  const first = spaceStarts(frames.length, shape.context, HORIZON, STARTS)[THIRD];
  const [{ history, known, truth }] = await readStarts(Readable.from(frames), [first], shape, HORIZON);
  const sample = await take(HORIZON, rollOut(sampler, history, { frame: first }));
  const guess = await take(HORIZON, bestGuess(sampler, history));
  const futures = [
    truth,
    sample.map(([{ bytes }]) => frameOf(model, bytes)),
    guess.map((bytes) => frameOf(model, bytes)),
  ];
  return futures.map((future) => [known[known.length - 1], ...future]);
}
