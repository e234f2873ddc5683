import * as tf from '@tensorflow/tfjs-core';
import { frameBytes, levelsOf } from '../../src/foundation/levels.js';
import { Past } from '../../src/model/past.js';
import type { PredictedFrame } from '../../src/sampling/forecaster.js';
import { FrameSampler } from '../../src/sampling/frame-sampler.js';
import { bestGuess, rollOut, type RollOutOptions } from '../../src/sampling/roll-out.js';
import { kernelSets } from '../backend/implementations.js';
import { mixtureTogether, randomFrames, randomModel, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const model = randomModel([tinyNetwork({ size: { width: 6, height: 5 } })]);
const { exampleShape } = model.chain;
const bytes = frameBytes(exampleShape);

/** A past that was told of some frames, more than it keeps. */
function told(frames: number, seed = 3): Past {
  const past = new Past(exampleShape);
  const data = randomFrames(exampleShape, frames, seed);
  for (let index = 0; index < frames; index++) past.push(data.subarray(index * bytes, (index + 1) * bytes));
  return past;
}

/** The first frames that are drawn. */
async function drawn(past: Past | Past[], options?: RollOutOptions, horizon = 2): Promise<PredictedFrame[][]> {
  const sampler = new FrameSampler(model);
  try {
    const steps = rollOut(sampler, past, options);
    const frames: PredictedFrame[][] = [];
    while (frames.length < horizon) frames.push((await steps.next()).value);
    return frames;
  } finally {
    sampler.dispose();
  }
}

test('without options one future follows each past, from the frame after its last, with seed 1', async () => {
  const [one, other] = [told(7), told(4, 5)];
  const explicit = { seed: 1, samples: [0, 1], first: [7, 4] };
  expect(await drawn([one, other])).toEqual(await drawn([one, other], explicit));
  expect(await drawn(one)).toEqual(await drawn(one, { ...explicit, samples: [0], first: 7 }));
});

test('a number of samples is the first so many', async () => {
  const past = told(5);
  const three = await drawn(past, { samples: 3 });
  expect(three).toEqual(await drawn(past, { samples: [0, 1, 2], first: 5 }));
  expect(three[1]).toHaveLength(3);
  expect(past.frames).toBe(5);
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
    const pastOf = (frames: Uint8Array[]) => {
      const past = new Past(warped.chain.exampleShape);
      frames.forEach((frame) => past.push(frame));
      return past;
    };
    const frames = Array.from({ length: 20 }, (_, index) => clip.slice(index * size, (index + 1) * size));
    const guessed = async (known: Uint8Array[], horizon: number) => {
      const sampler = new FrameSampler(warped);
      const guesses: Uint8Array[] = [];
      for await (const frame of bestGuess(sampler, pastOf(known))) if (guesses.push(frame) === horizon) break;
      sampler.dispose();
      return guesses;
    };
    /** The past of the frames every so many before the n-th ahead. */
    const every = (stride: number, n: number, guess: Uint8Array[]) => {
      const past = new Past(warped.chain.exampleShape);
      const all = [...frames, ...guess.slice(0, n - 1)];
      for (const [index, frame] of all.entries()) {
        if ((all.length - index) % stride !== 0 || index < 4) continue;
        if (index < frames.length || n % stride !== 0) past.push(frame);
        else past.addExpected(levelsOf(warped.chain.exampleShape, frame));
      }
      return past;
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
        const [expected] = await sampler.expected(Past.examples([every(stride, n, guess)]));
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
      const past = pastOf(frames);
      past.addExpected(levelsOf(warped.chain.exampleShape, all[0]));
      const later: Uint8Array[] = [];
      for await (const frame of bestGuess(sampler, past)) if (later.push(frame) === 5) break;
      expect(later).toEqual(all.slice(1));
      sampler.dispose();
    });

    test('but not where there are too few frames for motion', async () => {
      const sampler = new FrameSampler(warped);
      const past = pastOf(frames.slice(0, 2));
      for (const frame of await guessed(frames.slice(0, 2), 4)) {
        expect(frame).toEqual((await sampler.expected(Past.examples([past])))[0]);
        past.addExpected(levelsOf(warped.chain.exampleShape, frame));
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

test.each<[object, RegExp]>([
  [{ samples: 0 }, /^roll out: options: expected a valid 'samples', received 0 \(.*>=1\)/],
  [{ samples: [] }, /'samples', received \[\]/],
  [{ temperature: 0.3 }, /unknown key 'temperature'/],
  [{ smaples: 4 }, /unknown key 'smaples'; did you mean 'samples'\?$/],
  [{ first: -1 }, /'first', received -1/],
  [{ samples: 3, first: [1, 2] }, /first: expected one, or one for each of 3 futures, received 2/],
  [{ onRow: 3 }, /'onRow', received 3/],
  [{ settings: { temperature: -5 } }, /temperature: expected 0, or a number from 0.0001 to 10000, received -5/],
  [{ seed: -1 }, /received -1/],
])('%j is refused at once', (options, message) => {
  const sampler = new FrameSampler(model);
  expect(() => rollOut(sampler, told(4), options as RollOutOptions)).toThrow(message);
  sampler.dispose();
});

test('pasts are one, or as many as futures', () => {
  const sampler = new FrameSampler(model);
  expect(() => rollOut(sampler, [told(4), told(4)], { samples: 3 })).toThrow(
    /pasts: expected one, or one for each of 3 futures, received 2/,
  );
  sampler.dispose();
});
