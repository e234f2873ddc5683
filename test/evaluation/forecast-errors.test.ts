import * as tf from '@tensorflow/tfjs-core';
import { measureErrors } from '../../src/evaluation/forecast-errors.js';
import { predictFromStarts } from '../../src/evaluation/predict-from-starts.js';
import { meanSquaredError, ssim } from '../../src/evaluation/metrics.js';
import { readStarts } from '../../src/evaluation/forecast-starts.js';
import type { Frame } from '../../src/foundation/frame.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { disposeExamples, type Examples } from '../../src/conditioning/context/examples.js';
import { FrameSampler, type DrawnLevels } from '../../src/sampling/frame-sampler.js';
import { sampleIndices, type DrawOptions } from '../../src/sampling/draw.js';
import { bestGuess, rollOut } from '../../src/sampling/forecaster.js';
import { frameOf } from '../../src/model/model.js';
import { kernelSets } from '../backend/implementations.js';
import { mixtureTogether, randomFrames, randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const size = { width: 12, height: 11 };
const model = randomModel([tinyNetwork({ size })]);
/** It learns the expected frame, and little of what is drawn is carried on. */
const warped = randomModel([
  tinyNetwork({ size, head: mixtureTogether, conditioning: [{ ...warpedFrames, blockMatching: true }] }),
]);
const { exampleShape } = model.chain;
const bytes = frameBytes(exampleShape);
const data = randomFrames(exampleShape, 9, 3);
const frames = Array.from({ length: 9 }, (_, index) => frameOf(model, data.slice(index * bytes, (index + 1) * bytes)));
async function* clip() {
  yield* await Promise.resolve(frames);
}

const horizon = 2;
const settings = { temperature: 1 };
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const changeOf = (a: Frame, b: Frame) => mean(Array.from(a.data, (value, at) => Math.abs(value - b.data[at])));

test.each([
  ['the frames before', model],
  ['frames that move', warped],
])(
  'starts and samples that are drawn side by side are those that are drawn alone, and their errors are averaged: %s',
  async (_, model) => {
    const samples = 7;
    const starts = await readStarts(clip(), [2, 4, 7], exampleShape, horizon);
    const sampler = new FrameSampler(model);
    const before = tf.memory().numTensors;
    const told: number[] = [];
    const predicted = await predictFromStarts(sampler, model, starts, {
      seed: 5,
      settings,
      horizon,
      samples,
      onProgress: (done) => told.push(done),
    });
    const scored = measureErrors(predicted);
    expect(told.at(-1)).toBe(3 * samples * horizon);
    expect(told).toEqual([...told].sort((a, b) => a - b));

    const errors = { squares: [[], []] as number[][], ssim: [[], []] as number[][], change: [[], []] as number[][] };
    for (const { first, history, known, truth } of starts) {
      for (let sample = 0; sample < samples; sample++) {
        const steps = rollOut(sampler, history, { seed: 5, samples: [sample], frame: first, settings });
        let previous = known[known.length - 1];
        for (let h = 0; h < horizon; h++) {
          const drawn = frameOf(model, (await steps.next()).value[0].bytes);
          errors.squares[h].push(meanSquaredError(truth[h], drawn));
          errors.ssim[h].push(ssim(truth[h], drawn));
          errors.change[h].push(changeOf(previous, drawn));
          previous = drawn;
        }
      }
    }
    const close = (lists: number[][]) => lists.map((list) => expect.closeTo(mean(list), 9) as number);
    expect(scored.kinds.sample).toEqual({
      meanSquaredError: close(errors.squares),
      ssim: close(errors.ssim),
      change: close(errors.change),
    });
    const trueChange = [0, 1].map((h) =>
      mean([2, 4, 7].map((first) => changeOf(frames[first + h - 1], frames[first + h]))),
    );
    expect(scored.trueChange).toEqual(trueChange.map((value) => expect.closeTo(value, 9) as number));
    const repeated = [0, 1].map((h) =>
      mean([2, 4, 7].map((first) => meanSquaredError(frames[first + h], frames[first - 1]))),
    );
    expect(scored.kinds['last-frame']).toMatchObject({
      meanSquaredError: repeated.map((value) => expect.closeTo(value, 9) as number),
      change: [0, 0],
    });
    const guess = model === warped ? ['best-guess'] : [];
    expect(Object.keys(scored.kinds)).toEqual([
      'last-frame',
      'moved-last-frame',
      ...guess,
      'sample',
      'mean',
      'best',
      'worst',
    ]);
    expect(tf.memory().numTensors).toBe(before);
    sampler.dispose();
  },
);

/** Draws black frames, whatever the model says. */
class BlackSampler extends FrameSampler {
  override draw(examples: Examples, { samples }: DrawOptions): Promise<DrawnLevels[]> {
    disposeExamples(examples);
    return Promise.resolve(
      sampleIndices(samples).map(() => {
        const black = new Uint8Array(bytes);
        return { levels: black, expected: black, nats: 0 };
      }),
    );
  }
}

test('a model that learns the expected frame makes a best guess, whatever is drawn', async () => {
  const starts = await readStarts(clip(), [3, 6], exampleShape, horizon);
  const sampler = new BlackSampler(warped);
  const predicted = await predictFromStarts(sampler, warped, starts, { seed: 1, settings, horizon, samples: 1 });
  const { kinds } = measureErrors(predicted);
  expect(Object.keys(kinds)).toEqual(['last-frame', 'moved-last-frame', 'best-guess', 'sample']);
  const squares: number[][] = [[], []];
  for (const { history, truth } of starts) {
    const guess = bestGuess(sampler, history);
    for (const [h, frame] of truth.entries()) {
      squares[h].push(meanSquaredError(frame, frameOf(warped, (await guess.next()).value)));
    }
  }
  expect(kinds['best-guess']!.meanSquaredError).toEqual(squares.map(mean));
  expect(kinds['best-guess']!.meanSquaredError).not.toEqual(kinds['last-frame']!.meanSquaredError);
  sampler.dispose();
});
