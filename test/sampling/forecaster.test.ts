import * as tf from '@tensorflow/tfjs-core';
import { disposeExamples, FrameHistory, type Examples } from '../../src/conditioning/context/examples.js';
import { frameBytes, bytesToLevels, type Levels } from '../../src/foundation/levels.js';
import { DetailRestoration } from '../../src/sampling/detail-restoration.js';
import { sampleIndices, type DrawOptions } from '../../src/sampling/draw.js';
import {
  bestGuess,
  forecast,
  rollOut,
  type PredictedFrame,
  type RollOutOptions,
} from '../../src/sampling/forecaster.js';
import { FrameSampler, type DrawnLevels } from '../../src/sampling/frame-sampler.js';
import { kernelSets } from '../backend/implementations.js';
import { mixtureTogether, randomFrames, randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const model = randomModel([tinyNetwork({ size: { width: 6, height: 5 } })]);
const { exampleShape } = model.chain;
const bytes = frameBytes(exampleShape);

/** A history that was told of some frames, more than it keeps. */
function told(frames: number, seed = 3): FrameHistory {
  const history = new FrameHistory(exampleShape);
  const data = randomFrames(exampleShape, frames, seed);
  for (let index = 0; index < frames; index++) history.push(data.subarray(index * bytes, (index + 1) * bytes));
  return history;
}

/** The first frames that are drawn. */
async function drawn(
  history: FrameHistory | FrameHistory[],
  options?: RollOutOptions,
  horizon = 2,
): Promise<PredictedFrame[][]> {
  const sampler = new FrameSampler(model);
  try {
    const steps = rollOut(sampler, history, options);
    const frames: PredictedFrame[][] = [];
    while (frames.length < horizon) frames.push((await steps.next()).value);
    return frames;
  } finally {
    sampler.dispose();
  }
}

test('without options one future follows each history, from the frame after its last, with seed 1', async () => {
  const one = told(7);
  const other = told(4, 5);
  const explicit = { seed: 1, samples: [0, 1], frame: [7, 4] };
  expect(await drawn([one, other])).toEqual(await drawn([one, other], explicit));
  expect(await drawn(one)).toEqual(await drawn(one, { ...explicit, samples: [0], frame: 7 }));
});

test('a number of samples is the first so many', async () => {
  const history = told(5);
  const three = await drawn(history, { samples: 3 });
  expect(three).toEqual(await drawn(history, { samples: [0, 1, 2], frame: 5 }));
  expect(three[1]).toHaveLength(3);
  expect(history.frames).toBe(5);
});

describe('of a model that learns the expected frame', () => {
  const conditioning = [{ ...warpedFrames, blockMatching: true }];
  const warped = randomModel([tinyNetwork({ size: { width: 6, height: 5 }, head: mixtureTogether, conditioning })]);
  const horizon = 10;

  async function futures(carry: number): Promise<PredictedFrame[]> {
    const drawing = { temperature: 0.95, warming: 0.035, carry };
    const sampler = new FrameSampler({ ...warped, drawing });
    const steps = rollOut(sampler, told(4));
    const frames: PredictedFrame[] = [];
    while (frames.length < horizon) frames.push((await steps.next()).value[0]);
    sampler.dispose();
    return frames;
  }

  test('nothing is carried on where that is asked: what is expected goes on as the best guess', async () => {
    const sampler = new FrameSampler(warped);
    const guesses: Uint8Array[] = [];
    for await (const frame of bestGuess(sampler, told(4))) if (guesses.push(frame) === horizon) break;
    sampler.dispose();
    expect((await futures(0)).map(({ expected }) => expected)).toEqual(guesses);
  });

  describe('it is expected at several strides:', () => {
    const size = frameBytes(warped.chain.exampleShape);
    const clip = randomFrames(warped.chain.exampleShape, 20, 9);
    const historyOf = (frames: Uint8Array[]) => {
      const history = new FrameHistory(warped.chain.exampleShape);
      frames.forEach((frame) => history.push(frame));
      return history;
    };
    const frames = Array.from({ length: 20 }, (_, index) => clip.slice(index * size, (index + 1) * size));
    const guessed = async (known: Uint8Array[], horizon: number) => {
      const sampler = new FrameSampler(warped);
      const guesses: Uint8Array[] = [];
      for await (const frame of bestGuess(sampler, historyOf(known))) if (guesses.push(frame) === horizon) break;
      sampler.dispose();
      return guesses;
    };
    /** The history of the frames every so many before the n-th ahead. */
    const every = (stride: number, n: number, guess: Uint8Array[]) => {
      const history = new FrameHistory(warped.chain.exampleShape);
      const all = [...frames, ...guess.slice(0, n - 1)];
      for (const [index, frame] of all.entries()) {
        if ((all.length - index) % stride !== 0 || index < 4) continue;
        if (index < frames.length || n % stride !== 0) history.push(frame);
        else history.addExpected(bytesToLevels(warped.chain.exampleShape, frame));
      }
      return history;
    };
    const meanOf = (all: Uint8Array[]) =>
      Array.from(all[0], (_, at) => all.reduce((sum, frame) => sum + frame[at], 0) / all.length);
    const isClose = (received: Uint8Array, mean: ArrayLike<number>) =>
      Math.max(...Array.from(mean, (value, at) => Math.abs(value - received[at]))) <= 1;

    test.each([
      [1, [1]],
      [2, [1, 2]],
      [3, [1, 2]],
      [4, [1, 2, 4]],
      [5, [1, 2]],
      [6, [1, 2]],
      [8, [1, 2, 4]],
      [9, [1, 2]],
    ])('frame %i from those %j apart, no less and no more', async (n, strides) => {
      const guess = await guessed(frames, n);
      const sampler = new FrameSampler(warped);
      const all: Uint8Array[] = [];
      for (const stride of [1, 2, 3, 4]) {
        const [expected] = await sampler.predict(FrameHistory.examples([every(stride, n, guess)]));
        all.push(Uint8Array.from(expected));
      }
      sampler.dispose();
      const subsets = Array.from({ length: 16 }, (_, bits) =>
        [1, 2, 3, 4].filter((stride) => bits & (1 << (stride - 1))),
      );
      const fitting = subsets.filter(
        (subset) => subset.length > 0 && isClose(guess[n - 1], meanOf(subset.map((stride) => all[stride - 1]))),
      );
      expect(fitting).toEqual([strides]);
    });

    test('also in a guess that begins where frames were expected already', async () => {
      const all = await guessed(frames, 6);
      const sampler = new FrameSampler(warped);
      const history = historyOf(frames);
      history.addExpected(bytesToLevels(warped.chain.exampleShape, all[0]));
      const later: Uint8Array[] = [];
      for await (const frame of bestGuess(sampler, history)) if (later.push(frame) === 5) break;
      expect(later).toEqual(all.slice(1));
      sampler.dispose();
    });

    test('but not where there are too few frames for motion', async () => {
      const sampler = new FrameSampler(warped);
      const history = historyOf(frames.slice(0, 2));
      for (const frame of await guessed(frames.slice(0, 2), 4)) {
        expect(frame).toEqual((await sampler.predict(FrameHistory.examples([history])))[0]);
        history.addExpected(bytesToLevels(warped.chain.exampleShape, frame));
      }
      sampler.dispose();
    });
  });

  test('what a caller does to a frame that it got changes nothing', async () => {
    const sampler = new FrameSampler(warped);
    const seconds: Uint8Array[] = [];
    for (const overwritten of [false, true]) {
      const steps = rollOut(sampler, told(4));
      const [first] = (await steps.next()).value;
      if (overwritten) for (const values of [first.bytes, first.expected!]) values.fill(0);
      seconds.push((await steps.next()).value[0].bytes);
    }
    sampler.dispose();
    expect(seconds[1]).toEqual(seconds[0]);
  });

  test('what is carried on changes what is expected from the second frame on', async () => {
    const [none, some, all] = await Promise.all([0, 0.25, 1].map((carry) => futures(carry)));
    const after = (frames: PredictedFrame[]) => frames.map(({ expected }) => expected!.join());
    expect(after(some)[0]).toBe(after(none)[0]);
    for (const [one, other] of [
      [none, some],
      [some, all],
      [none, all],
    ]) {
      expect(after(one)[1]).not.toBe(after(other)[1]);
    }
  });
});

/** The level that goes on from two others as they go on, and levels within 0 to 255. */
const onward = (before: number, last: number) => within(2 * last - before);
const within = (level: number) => Math.min(255, Math.max(0, Math.round(level)));

/**
 * Expects each pixel to change as it did last, and draws it by as much brighter as the sample says; it keeps what it
 * was asked for.
 */
class LinearSampler extends FrameSampler {
  readonly asked: DrawOptions[] = [];

  override predict(examples: Examples, longerStrides?: DrawOptions['longerStrides']): Promise<Levels[]> {
    const [before, last] = examples.conditioningInputs.context!.frames.map((frame) => frame.dataSync());
    disposeExamples(examples);
    return Promise.resolve(
      Array.from({ length: last.length / bytes }, (_, example) =>
        Uint8Array.from({ length: bytes }, (_, at) => {
          const own = onward(before[example * bytes + at], last[example * bytes + at]);
          const others = longerStrides?.[example].map((frame) => frame[at]) ?? [];
          return within([own, ...others].reduce((sum, level) => sum + level) / (1 + others.length));
        }),
      ),
    );
  }

  override async draw(examples: Examples, options: DrawOptions): Promise<DrawnLevels[]> {
    this.asked.push(options);
    const expected = await this.predict(examples, options.longerStrides);
    return sampleIndices(options.samples).map((sample, at) => {
      const levels = expected[at].map((level) => within(level + 10 * sample));
      return { levels, expected: expected[at], nats: sample };
    });
  }
}

/**
 * Frames after known ones as docs/checkpoint-format.md defines them: from frames n - g and n - 2g of those that are
 * passed on.
 */
function byDefinition(known: readonly Uint8Array[], horizon: number, carry: number, brighter: number) {
  const passedOn = known.map((frame) => [...frame]);
  const [before, last] = known.slice(-2);
  const restoration = new DetailRestoration(exampleShape, last, before);
  return Array.from({ length: horizon }, (_, index) => {
    const n = index + 1;
    const strides = carry === 1 ? [1] : [1, ...(n >= 2 ? [2] : []), ...(n % 4 === 0 ? [4] : [])];
    const predictions = strides.map((g) => {
      const before = passedOn[passedOn.length - 2 * g];
      const last = passedOn[passedOn.length - g];
      return last.map((level, at) => onward(before[at], level));
    });
    const mean = predictions[0].map((_, at) =>
      within(predictions.reduce((sum, frame) => sum + frame[at], 0) / predictions.length),
    );
    const drawn = mean.map((level) => within(level + brighter));
    passedOn.push(mean.map((level, at) => Math.round(level + carry * (drawn[at] - level))));
    const shown = carry === 1 ? drawn : [...restoration.restore(n, Uint8Array.from(drawn), Uint8Array.from(mean))];
    return { bytes: shown, expected: mean, longerStrides: predictions.slice(1) };
  });
}

describe('of a sampler whose frames are known, a forecast is the one that is defined:', () => {
  const known = Array.from({ length: 9 }, (_, at) =>
    Uint8Array.from({ length: bytes }, (_, pixel) => 100 + (pixel % 7) * at - 2 * ((at * pixel) % 5)),
  );
  const history = () => {
    const made = new FrameHistory(exampleShape);
    for (const frame of known) made.push(frame);
    return made;
  };
  const listed = ({ bytes, expected, longerStrides }: PredictedFrame) => {
    return { bytes: [...bytes], expected: [...expected!], longerStrides: longerStrides.map((frame) => [...frame]) };
  };

  test('the best guess', async () => {
    const sampler = new LinearSampler(model);
    const steps = forecast(sampler, [history()]);
    for (const { expected, longerStrides } of byDefinition(known, 12, 0, 0)) {
      const frame = { bytes: expected, expected, longerStrides };
      const [predicted] = (await steps.next()).value;
      expect(listed(predicted)).toEqual(frame);
      expect(predicted.nats).toBe(0);
    }
    sampler.dispose();
  });

  test.each([0, 0.25, 0.5, 1])('samples side by side, of which %d is passed on', async (carry) => {
    const drawing = { temperature: 0.95, warming: 0.05, carry };
    const sampler = new LinearSampler({ ...model, drawing });
    const samples = [3, 0, 1];
    const steps = rollOut(sampler, history(), { seed: 7, samples });
    const futures = samples.map((sample) => byDefinition(known, 12, carry, 10 * sample));
    for (let ahead = 0; ahead < 12; ahead++) {
      const predicted = (await steps.next()).value;
      expect(predicted.map(listed)).toEqual(futures.map((frames) => frames[ahead]));
      expect(predicted.map(({ nats }) => nats)).toEqual(samples);
    }
    const temperatures = [0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.25, ...new Array<number>(5).fill(1.3)];
    sampler.asked.forEach(({ settings, ...asked }, ahead) => {
      expect(settings.temperature).toBeCloseTo(temperatures[ahead], 12);
      expect(settings.carryWithin).toBe(carry === 1 ? 1 : Math.min(0.96, settings.temperature));
      const frame = samples.map(() => known.length + ahead);
      expect(asked).toMatchObject({ seed: 7, samples, frame, earlierPixels: carry === 1 });
    });
    sampler.dispose();
  });

  test('of histories side by side as of each alone', async () => {
    const sampler = new LinearSampler(model);
    const short = new FrameHistory(exampleShape);
    for (const frame of known.slice(0, 6)) short.push(frame);
    const steps = forecast(sampler, [history(), short]);
    const alone = [known, known.slice(0, 6)].map((frames) => byDefinition(frames, 5, 0, 0));
    for (let ahead = 0; ahead < 5; ahead++)
      expect((await steps.next()).value.map(({ expected }) => [...expected!])).toEqual(
        alone.map((frames) => frames[ahead].expected),
      );
    sampler.dispose();
  });
});

test('a history without frames is refused, and a forecast ends once it is aborted', async () => {
  const sampler = new LinearSampler(model);
  await expect(forecast(sampler, [told(3), new FrameHistory(exampleShape)]).next()).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^predict: history: expected one frame at least, received none;/) as string,
  });
  const controller = new AbortController();
  const steps = forecast(sampler, [told(3)], { signal: controller.signal });
  await steps.next();
  controller.abort(new Error('enough'));
  await expect(steps.next()).rejects.toThrow('enough');
  sampler.dispose();
});

test.each<[object, RegExp]>([
  [{ samples: 0 }, /^roll out: options: expected a valid 'samples', received 0 \(.*>=1\)/],
  [{ samples: [2 ** 32] }, /'samples.0', received 4294967296/],
  [{ samples: [] }, /'samples', received \[\]/],
  [{ temperature: 0.3 }, /unknown key 'temperature'/],
  [{ smaples: 4 }, /unknown key 'smaples'; did you mean 'samples'\?$/],
  [{ frame: -1 }, /'frame', received -1/],
  [{ samples: 3, frame: [1, 2] }, /frame: expected one, or one for each of 3 samples, received 2/],
  [{ onRow: 3 }, /'onRow', received 3/],
  [{ settings: { temperature: -5 } }, /temperature: expected 0, or a number from 0.0001 to 10000, received -5/],
  [{ seed: -1 }, /received -1/],
])('%j is refused at once', (options, message) => {
  const sampler = new FrameSampler(model);
  expect(() => rollOut(sampler, told(4), options as RollOutOptions)).toThrow(message);
  sampler.dispose();
});

test('histories are one, or as many as samples', () => {
  const sampler = new FrameSampler(model);
  expect(() => rollOut(sampler, [told(4), told(4)], { samples: 3 })).toThrow(
    /histories: expected one, or one for each of 3 samples, received 2/,
  );
  sampler.dispose();
});
