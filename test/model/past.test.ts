import * as tf from '@tensorflow/tfjs-core';
import { windowOfFrames, type FrameBatch, type FrameWindow } from '../../src/conditioning/frame-window.js';
import { Past, StridedPast } from '../../src/model/past.js';
import { SUBSEQUENCES, type Subsequence } from '../../src/model/subsequences.js';
import { ExampleBuffer, examplesAfter } from '../../src/model/examples.js';
import { kernelSets } from '../backend/implementations.js';

const shape = { size: { width: 2, height: 3 }, channels: 1, levels: 256, context: 2 } as const;

test.each([5, 7])('a frame of %i bytes is refused where the model has 6, whatever is done with it', (bytes) => {
  const refusal = expect.objectContaining({
    code: 'INPUT',
    message: `add a frame to a past: frame: expected 6 bytes (2x3x1), received ${bytes}; bring the frame to the model's size`,
  }) as Error;
  const past = new Past(shape);
  past.push(new Uint8Array(6));
  expect(() => past.push(new Uint8Array(bytes))).toThrow(refusal);
  expect(() => past.addExample(new ExampleBuffer(shape, 1), new Uint8Array(bytes))).toThrow(refusal);
});

describe('at a stride', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const pastOf = (frames: number) => {
    const past = new Past(shape);
    for (let number = 1; number <= frames; number++) past.push(new Uint8Array(6).fill(number));
    return past;
  };
  const windowOf = (past: Past, subsequence?: Subsequence) => {
    const windows = subsequence === undefined ? [past.leading()[0].window] : [past.every(subsequence)];
    const { frames, valid } = examplesAfter(shape, windows).given.window!;
    return { frames: frames.map((tensor) => tensor.dataSync()[0]), valid: [...valid.dataSync().slice(0, 2)] };
  };

  test.each([
    [20, 1, 0, [19, 20], [1, 1]],
    [20, 2, 0, [18, 20], [1, 1]],
    [20, 2, 1, [17, 19], [1, 1]],
    [20, 3, 1, [15, 18], [1, 1]],
    [20, 3, 2, [16, 19], [1, 1]],
    [20, 4, 0, [16, 20], [1, 1]],
    [20, 4, 1, [13, 17], [1, 1]],
    [5, 4, 0, [1, 5], [1, 1]],
    [5, 4, 1, [2, 2], [0, 1]],
    [4, 4, 0, [4, 4], [0, 1]],
    [2, 2, 0, [2, 2], [0, 1]],
  ])('of %i frames, every %i-th, of phase %i, are the last two', (frames, stride, phase, expected, valid) => {
    const past = pastOf(frames);
    expect(windowOf(past, { stride, phase })).toEqual({ frames: expected, valid });
    expect(past.every({ stride, phase }).frames.length).toBe(valid[0] + 1);
    expect(windowOf(past)).toEqual(windowOf(pastOf(frames)));
  });

  test('as many as a model is given are there', () => {
    const past = new Past({ ...shape, context: 4 });
    for (let number = 1; number <= 30; number++) past.push(new Uint8Array(6).fill(number));
    const at = (phase: number) =>
      examplesAfter({ ...shape, context: 4 }, [past.every({ stride: 4, phase })]).given.window!;
    expect(at(0).frames.map((tensor) => tensor.dataSync()[0])).toEqual([18, 22, 26, 30]);
    expect(at(1).frames.map((tensor) => tensor.dataSync()[0])).toEqual([15, 19, 23, 27]);
  });

  test('of a past without frames there are none', () => {
    for (const phase of [0, 1]) expect(pastOf(0).every({ stride: 4, phase }).frames).toEqual([]);
    expect(pastOf(3).every({ stride: 4, phase: 1 }).frames).toEqual([]);
  });
});

describe('once frames are expected, motion among the known ones goes on:', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const frame = (number: number) => new Uint8Array(6).fill(number);
  const pastOf = (known: number[], expected: number[] = []) => {
    const past = new Past(shape);
    for (const number of known) past.push(frame(number));
    for (const number of expected) past.addExpected(frame(number));
    return past;
  };
  const windowOf = (past: Past): FrameWindow => Past.examples([past]).given.window!;
  const batchOf = (level: number): FrameBatch => ({
    levels: tf.fill([1, 3, 2, 1], level),
    exists: tf.ones([1, 3, 2, 1]),
  });
  const levels = (frames: readonly tf.Tensor[]) => frames.map((tensor) => tensor.dataSync()[0]);
  const told = ({ frames, valid, known }: FrameWindow) => ({
    frames: levels(frames),
    valid: [...valid.dataSync().slice(0, shape.context)],
    known: known && { frames: levels(known.frames), expected: known.expected[0] },
  });

  test('the frames known at the start are told, and how many were expected since', () => {
    expect(told(windowOf(pastOf([1, 2, 3])))).toEqual({ frames: [2, 3], valid: [1, 1] });
    const known = { frames: [2, 3], expected: 1 };
    expect(told(windowOf(pastOf([1, 2, 3], [4])))).toEqual({ frames: [3, 4], valid: [1, 1], known });
    expect(told(windowOf(pastOf([1, 2, 3], [4, 5, 6]))).known).toEqual({ ...known, expected: 3 });
    expect(told(windowOf(pastOf([1], [2]))).known).toEqual({ frames: [1, 1], expected: 1 });
  });

  test('after eight expected frames the last ones count as known', () => {
    const expected = [11, 12, 13, 14, 15, 16, 17, 18];
    expect(told(windowOf(pastOf([1, 2], expected))).known).toEqual({ frames: [1, 2], expected: 8 });
    expect(told(windowOf(pastOf([1, 2], [...expected, 19]))).known).toEqual({ frames: [17, 18], expected: 1 });
  });

  test('a frame that is known ends it, and a copy goes on from what was known', () => {
    const past = pastOf([1, 2], [3]);
    const copy = past.copy();
    copy.addExpected(frame(4));
    expect(told(windowOf(copy)).known).toEqual({ frames: [1, 2], expected: 2 });
    past.push(frame(5));
    expect(told(windowOf(past))).toEqual({ frames: [3, 5], valid: [1, 1] });
  });

  test('batches of tensors go the same way, at every stride', () => {
    const known = [1, 2, 3, 4, 5];
    const strides = SUBSEQUENCES.map((subsequence) => {
      const { frames } = pastOf(known).every(subsequence);
      return { subsequence, window: { frames: frames.map(([level]) => batchOf(level)), known: null } };
    });
    const ofTensors = new StridedPast<FrameBatch>(shape.context, 0, strides);
    const expected: number[] = [];
    for (let step = 0; step < 11; step++) {
      const ofBytes = pastOf(known, expected).leading();
      const windows = ofTensors.leading();
      expect(windows.map(({ subsequence }) => subsequence)).toEqual(ofBytes.map(({ subsequence }) => subsequence));
      for (const [at, { window }] of windows.entries()) {
        const own = examplesAfter(shape, [ofBytes[at].window]).given.window!;
        expect(told(windowOfFrames(window, own.noise))).toEqual(told(own));
      }
      expected.push(10 + step);
      ofTensors.addExpected(batchOf(10 + step));
    }
  });

  test('pasts of which different numbers of frames were expected go together', () => {
    const { known } = Past.examples([pastOf([1, 2]), pastOf([1, 3], [4])]).given.window!;
    expect(known!.expected).toEqual([0, 1]);
    expect(known!.frames.map((tensor) => [0, 6].map((at) => tensor.dataSync()[at]))).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });
});
