import * as tf from '@tensorflow/tfjs-core';
import { laterWindow, type FrameWindow } from '../../src/conditioning/frame-window.js';
import { Context } from '../../src/model/context.js';
import { ExampleBuffer } from '../../src/model/examples.js';
import { kernelSets } from '../backend/implementations.js';

const shape = { size: { width: 2, height: 3 }, channels: 1, levels: 256, context: 2 } as const;

test.each([5, 7])('a frame of %i bytes is refused where the model has 6, whatever is done with it', (bytes) => {
  const refusal = expect.objectContaining({
    code: 'INPUT',
    message: `add a frame to a context: frame: expected 6 bytes (2x3x1), received ${bytes}; bring the frame to the model's size`,
  }) as Error;
  const context = new Context(shape);
  context.push(new Uint8Array(6));
  expect(() => context.push(new Uint8Array(bytes))).toThrow(refusal);
  expect(() => context.addExample(new ExampleBuffer(shape, 1), new Uint8Array(bytes))).toThrow(refusal);
});

describe('at a stride', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const contextOf = (frames: number) => {
    const context = new Context(shape);
    for (let number = 1; number <= frames; number++) context.push(new Uint8Array(6).fill(number));
    return context;
  };
  const windowOf = (context: Context) => {
    const { frames, valid } = Context.examples([context]).given.window!;
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
    const context = contextOf(frames);
    expect(windowOf(context.every({ stride, phase }))).toEqual({ frames: expected, valid });
    expect(context.every({ stride, phase }).given).toBe(valid[0] + 1);
    expect(windowOf(context)).toEqual(windowOf(contextOf(frames)));
  });

  test('as many as a model is given are there', () => {
    const context = new Context({ ...shape, context: 4 });
    for (let number = 1; number <= 30; number++) context.push(new Uint8Array(6).fill(number));
    const at = (phase: number) => Context.examples([context.every({ stride: 4, phase })]).given.window!;
    expect(at(0).frames.map((tensor) => tensor.dataSync()[0])).toEqual([18, 22, 26, 30]);
    expect(at(1).frames.map((tensor) => tensor.dataSync()[0])).toEqual([15, 19, 23, 27]);
  });

  test('of a context without frames there are none', () => {
    for (const phase of [0, 1]) expect(contextOf(0).every({ stride: 4, phase }).given).toBe(0);
    expect(contextOf(3).every({ stride: 4, phase: 1 }).given).toBe(0);
  });
});

describe('once frames are expected, motion among the known ones goes on:', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const frame = (number: number) => new Uint8Array(6).fill(number);
  const contextOf = (known: number[], expected: number[] = []) => {
    const context = new Context(shape);
    for (const number of known) context.push(frame(number));
    for (const number of expected) context.pushExpected(frame(number));
    return context;
  };
  const windowOf = (context: Context): FrameWindow => Context.examples([context]).given.window!;
  const levels = (frames: readonly tf.Tensor[]) => frames.map((tensor) => tensor.dataSync()[0]);
  const told = ({ frames, valid, known }: FrameWindow) => ({
    frames: levels(frames),
    valid: [...valid.dataSync().slice(0, shape.context)],
    known: known && { frames: levels(known.frames), expected: known.expected[0] },
  });

  test('the frames known at the start are told, and how many were expected since', () => {
    expect(told(windowOf(contextOf([1, 2, 3])))).toEqual({ frames: [2, 3], valid: [1, 1] });
    const known = { frames: [2, 3], expected: 1 };
    expect(told(windowOf(contextOf([1, 2, 3], [4])))).toEqual({ frames: [3, 4], valid: [1, 1], known });
    expect(told(windowOf(contextOf([1, 2, 3], [4, 5, 6]))).known).toEqual({ ...known, expected: 3 });
    expect(told(windowOf(contextOf([1], [2]))).known).toEqual({ frames: [1, 1], expected: 1 });
  });

  test('after eight expected frames the last ones count as known', () => {
    const expected = [11, 12, 13, 14, 15, 16, 17, 18];
    expect(told(windowOf(contextOf([1, 2], expected))).known).toEqual({ frames: [1, 2], expected: 8 });
    expect(told(windowOf(contextOf([1, 2], [...expected, 19]))).known).toEqual({ frames: [17, 18], expected: 1 });
  });

  test('a frame that is known ends it, and a copy goes on from what was known', () => {
    const context = contextOf([1, 2], [3]);
    const copy = context.copy();
    copy.pushExpected(frame(4));
    expect(told(windowOf(copy)).known).toEqual({ frames: [1, 2], expected: 2 });
    context.push(frame(5));
    expect(told(windowOf(context))).toEqual({ frames: [3, 5], valid: [1, 1] });
  });

  test('windows of a training go the same way', () => {
    let window = windowOf(contextOf([1]));
    for (let step = 0; step < 11; step++) {
      const next = windowOf(
        contextOf(
          [1],
          Array.from({ length: step + 1 }, (_, at) => 10 + at),
        ),
      );
      window = laterWindow(window, tf.fill([1, 3, 2, 1], 10 + step), true);
      expect(told(window)).toEqual(told(next));
    }
  });

  test('but not where that is not asked', () => {
    const window = laterWindow(windowOf(contextOf([1, 2])), tf.fill([1, 3, 2, 1], 10), false);
    expect(told(window)).toEqual({ frames: [2, 10], valid: [1, 1] });
  });

  test('contexts of which different numbers of frames were expected go together', () => {
    const { known } = Context.examples([contextOf([1, 2]), contextOf([1, 3], [4])]).given.window!;
    expect(known!.expected).toEqual([0, 1]);
    expect(known!.frames.map((tensor) => [0, 6].map((at) => tensor.dataSync()[at]))).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });
});
