import * as tf from '@tensorflow/tfjs-core';
import { disposeExamples, FrameHistory, type Examples } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { CorrectionRegression, historyStatistics } from '../../src/sampling/correction.js';
import { DetailRestoration } from '../../src/sampling/detail-restoration.js';
import { FrameSampler } from '../../src/sampling/frame-sampler.js';
import { MAX_HINDCAST_FRAMES, learnCorrection } from '../../src/sampling/hindcasts.js';
import { bestGuess, rollOut } from '../../src/sampling/forecaster.js';
import { kernelSets } from '../backend/implementations.js';
import {
  mixtureTogether,
  randomFrames,
  randomModel,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const size = { width: 7, height: 6 };
const network = tinyNetwork({ size, head: mixtureTogether, conditioning: [warpedFrames] });
const model = randomModel([network]);
const { exampleShape } = model.chain;
const bytes = frameBytes(exampleShape);

function framesOf(count: number, seed = 3): Uint8Array[] {
  const data = randomFrames(exampleShape, count, seed);
  return Array.from({ length: count }, (_, at) => data.slice(at * bytes, (at + 1) * bytes));
}

function historyOf(frames: readonly Uint8Array[]): FrameHistory {
  const history = new FrameHistory(exampleShape, MAX_HINDCAST_FRAMES + 9);
  for (const frame of frames) history.push(frame);
  return history;
}

/** Expects the last frame of what it is given, a level brighter, and says how many frames it was asked for at once. */
class LastFrameSampler extends FrameSampler {
  readonly asked: number[] = [];

  override async predict(examples: Examples): Promise<Uint8Array[]> {
    const { frames } = examples.conditioningInputs.context!;
    const last = Uint8Array.from(await frames[frames.length - 1].data(), (level) => Math.min(255, level + 1));
    const count = examples.image.shape[0];
    this.asked.push(count);
    disposeExamples(examples);
    return Array.from({ length: count }, (_, at) => last.slice(at * bytes, (at + 1) * bytes));
  }
}

test('known frames are predicted from every fourth place before them, and regressed on the predictions', async () => {
  const frames = framesOf(21);
  const sampler = new LastFrameSampler(model);
  const { weights } = (await learnCorrection(sampler, historyOf(frames)))!;
  const regression = new CorrectionRegression(exampleShape);
  for (const place of [17, 13, 9, 5]) {
    const before = frames.slice(0, place);
    const known = historyStatistics(before, exampleShape);
    const brighter = (frame: Uint8Array, by: number) => frame.map((byte) => Math.min(255, byte + by));
    for (let ahead = 1; ahead <= Math.min(8, 21 - place); ahead++) {
      // Every second frame before one is two steps back, and expected a level brighter than the mean there.
      const longerStrides: Uint8Array[] = [];
      if (ahead > 1) longerStrides.push(brighter(frames[place - 1], ahead - 1));
      if (ahead % 4 === 0) longerStrides.push(brighter(frames[place - 1], ahead - 3));
      regression.add(
        ahead,
        { mean: brighter(frames[place - 1], ahead), longerStrides },
        known,
        frames[place + ahead - 1],
      );
    }
  }
  const expected = regression.correction(historyStatistics(frames, exampleShape)).weights;
  expect(weights.map(({ length }) => length)).toEqual([6, 7, 7, 8, 7, 7, 7, 8]);
  for (const [ahead, of] of weights.entries())
    for (const [at, weight] of of.entries()) expect(weight).toBeCloseTo(expected[ahead][at], 6);
  sampler.dispose();
});

test('how many places are predicted from side by side changes nothing, and nothing is left behind', async () => {
  const frames = framesOf(30);
  const sampler = new FrameSampler(model);
  const before = tf.memory().numTensors;
  const told: number[][] = [];
  const onProgress = (...progress: number[]) => told.push(progress);
  const several = await learnCorrection(sampler, historyOf(frames), { batchSize: 4, onProgress });
  const alone = await learnCorrection(sampler, historyOf(frames), { batchSize: 1 });
  expect(several!.weights).toEqual(alone!.weights);
  expect(told).toEqual([
    [4, 6],
    [6, 6],
  ]);
  expect(tf.memory().numTensors).toBe(before);
  sampler.dispose();
});

test('as many frames are read as are said to be, and no more', async () => {
  const frames = framesOf(MAX_HINDCAST_FRAMES + 5);
  const sampler = new LastFrameSampler(model);
  const all = await learnCorrection(sampler, historyOf(frames));
  const last = await learnCorrection(sampler, historyOf(frames.slice(5)));
  expect(last).toEqual(all);
  expect(await learnCorrection(sampler, historyOf(frames.slice(6)))).not.toEqual(all);
  sampler.dispose();
});

test('nothing is learned from too few frames, nor for a model whose expected frame is not corrected', async () => {
  const sampler = new FrameSampler(model);
  expect(await learnCorrection(sampler, historyOf(framesOf(12)))).toBeNull();
  expect(await learnCorrection(sampler, historyOf(framesOf(13)))).not.toBeNull();
  sampler.dispose();
  const unlearned = [randomModel([tinyNetwork({ size })]), randomModel(tinyChain())];
  for (const other of unlearned) {
    const without = new FrameSampler(other);
    const length = frameBytes(other.chain.exampleShape);
    const history = new FrameHistory(other.chain.exampleShape, MAX_HINDCAST_FRAMES);
    for (let frame = 0; frame < 20; frame++) history.push(new Uint8Array(length));
    expect(await learnCorrection(without, history)).toBeNull();
    without.dispose();
  }
});

test('hindcasts end where they are interrupted', async () => {
  const sampler = new FrameSampler(model);
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = () => controller.abort(new Error('enough'));
  await expect(learnCorrection(sampler, historyOf(framesOf(30)), { batchSize: 1, onProgress, signal })).rejects.toThrow(
    'enough',
  );
  expect(tf.memory().numTensors).toBe(before);
  sampler.dispose();
});

test('the best guess and futures are corrected, and what comes after them is predicted as without', async () => {
  const frames = framesOf(30);
  const sampler = new FrameSampler(model);
  const history = historyOf(frames);
  const correction = (await learnCorrection(sampler, historyOf(frames)))!;
  const nothing = Object.assign(Object.create(Object.getPrototypeOf(correction) as object), correction, {
    weights: correction.weights.map((of) => of.map(() => 0)),
  }) as typeof correction;

  const guesses = async (by: typeof correction | null) => {
    const made: Uint8Array[] = [];
    for await (const frame of bestGuess(sampler, history, { correction: by })) if (made.push(frame) === 3) return made;
    return made;
  };
  const plain = await guesses(null);
  const same = await guesses(nothing);
  const corrected = await guesses(correction);
  expect(same).toEqual(plain);
  expect(corrected).not.toEqual(plain);

  const drawn = async (by: typeof correction | null, of = sampler) => {
    const steps = rollOut(of, history, { seed: 4, samples: 2, ...(by && { corrections: [by] }) });
    return [(await steps.next()).value, (await steps.next()).value].map((step) => step.map(({ bytes }) => bytes));
  };
  expect(await drawn(nothing)).toEqual(await drawn(null));
  expect(await drawn(correction)).not.toEqual(await drawn(null));
  const carriedOn = new FrameSampler({ ...model, drawing: { temperature: 1, warming: 0, carry: 1 } });
  expect(await drawn(correction, carriedOn)).toEqual(await drawn(null, carriedOn));
  carriedOn.dispose();

  // What is drawn is shifted as what is expected is, before its detail is restored. Likelihoods and what comes after
  // are those without.
  const restoration = new DetailRestoration(exampleShape, frames[frames.length - 1], frames[frames.length - 2]);
  const steps = rollOut(sampler, history, { seed: 4, corrections: [correction] });
  const without = rollOut(sampler, history, { seed: 4 });
  for (let ahead = 1; ahead <= 3; ahead++) {
    const one = (await steps.next()).value[0];
    const other = (await without.next()).value[0];
    expect([one.nats, one.expected]).toEqual([other.nats, other.expected]);
    if (ahead > 1) continue;
    const corrected = correction.correct(1, { mean: other.expected!, longerStrides: [] });
    const [drawn, expected] = [other.drawn, other.expected!].map((frame) =>
      frame.map((byte, at) => Math.round(Math.min(255, Math.max(0, byte + corrected[at] - other.expected![at])))),
    );
    expect(one.bytes).toEqual(restoration.restore(1, drawn, expected));
  }
  sampler.dispose();
});
