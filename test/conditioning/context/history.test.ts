import * as tf from '@tensorflow/tfjs-core';
import {
  contextOfFrames,
  downsampleContext,
  framesOfContext,
  joinContexts,
  type ContextTensors,
  type FrameBatch,
} from '../../../src/conditioning/context/context-tensors.js';
import { ExampleBuffer, examplesAfter, FrameHistory } from '../../../src/conditioning/context/examples.js';
import {
  hasEnoughContext,
  endsWithKnown,
  hasFrame,
  historyLength,
  distanceToLastKnown,
  leadsTo,
  maxKeptFrames,
  meanOverStrides,
  StridedHistory,
  SUBSEQUENCES,
  subsequencesFor,
  type Subsequence,
} from '../../../src/conditioning/context/history.js';
import { kernelSets } from '../../backend/implementations.js';

const shape = { size: { width: 2, height: 3 }, channels: 1, levels: 256, context: 2 } as const;

/** For each frame ahead, from the next on, the strides at which it is expected. */
const EXPECTED_AT = [[1], [1, 2], [1, 2], [1, 2, 4], [1, 2], [1, 2], [1, 2], [1, 2, 4], [1, 2], [1, 2]];

test.each(EXPECTED_AT.map((strides, at) => ({ ahead: at + 1, strides })))(
  'the frame $ahead ahead is expected at strides of $strides',
  ({ ahead, strides }) => {
    const leading = SUBSEQUENCES.filter((subsequence) => leadsTo(subsequence, ahead));
    expect(leading.map(({ stride }) => stride)).toEqual(strides);
    for (const { stride, phase } of leading) expect((ahead - phase) % stride).toBe(0);
  },
);

test('each subsequence that a frame is in has a known frame a whole number of strides before', () => {
  for (let ahead = 1; ahead < 30; ahead++) {
    const having = SUBSEQUENCES.filter((subsequence) => hasFrame(subsequence, ahead));
    expect(having.map(({ stride }) => stride)).toEqual(ahead % 4 === 0 ? [1, 2, 4] : [1, 2]);
    for (const subsequence of having) {
      const ago = distanceToLastKnown(subsequence);
      expect((ahead + ago) % subsequence.stride).toBe(0);
      expect(ago).toBeLessThan(subsequence.stride);
      expect(endsWithKnown(subsequence)).toBe(ago === 0);
    }
  }
});

test('a longer stride needs two frames: of a context of one the next frame alone is left', () => {
  const strides = [1, 2, 4].flatMap((stride) =>
    [0, 1, 2].map((frames) => hasEnoughContext({ stride, phase: 0 }, frames)),
  );
  expect(strides).toEqual([true, true, true, false, false, true, false, false, true]);
  expect(subsequencesFor(1)).toEqual([{ stride: 1, phase: 0 }]);
  expect(subsequencesFor(2)).toEqual(SUBSEQUENCES);
});

test('a context of eight frames or more is read at stride 1 alone, from as many frames', () => {
  expect([7, 8, 16].map((context) => subsequencesFor(context).length)).toEqual([SUBSEQUENCES.length, 1, 1]);
  expect([7, 8, 16].map(historyLength)).toEqual([28, 8, 16]);
  const history = new StridedHistory<number>(8);
  for (let frame = 0; frame < 20; frame++) history.addKnown(frame);
  for (let ahead = 0; ahead < 5; ahead++) {
    expect(history.leading().map(({ subsequence }) => subsequence.stride)).toEqual([1]);
    history.addExpected(20 + ahead);
  }
  expect(history.leading()[0].context.frames).toEqual([17, 18, 19, 20, 21, 22, 23, 24]);
});

/** The number of different frames, which are objects, that an object leads to. */
function countFrames(of: object): number {
  const found = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('isFrame' in value) found.add(value);
    else Object.values(value).forEach(visit);
  };
  visit(of);
  return found.size;
}

test.each([0, 1, 2, 4, 7, 8, 16])('a history of %i context frames keeps no more frames than is said', (context) => {
  const history = new StridedHistory<object>(context);
  for (let frame = 0; frame < 100; frame++) history.addKnown({ isFrame: true });
  const kept = Array.from({ length: 40 }, () => {
    history.addExpected({ isFrame: true });
    return countFrames(history);
  });
  const most = Math.max(...kept) + 1;
  expect(most).toBeLessThanOrEqual(maxKeptFrames(context));
  expect(most / maxKeptFrames(context)).toBeGreaterThan(0.6);
  // Where stride 1 is read alone, none is counted for longer ones.
  if (context === 8) expect(maxKeptFrames(context)).toBe(most);
});

test('the expected frame is the mean of the predictions, or of as many as count', async () => {
  await tf.setBackend(`native-${kernelSets[0].instructionSet}`);
  const filled = (levels: number[]) =>
    tf.tensor4d(
      levels.flatMap((level) => [level, level + 1]),
      [2, 1, 1, 2],
    );
  const near = filled([10, 20]);
  const far = filled([40, 0]);
  expect([...meanOverStrides([near, far]).dataSync()]).toEqual([25, 26, 10, 11]);
  const ones = tf.tensor4d([1, 1], [2, 1, 1, 1]);
  const first = tf.tensor4d([1, 0], [2, 1, 1, 1]);
  const counted = meanOverStrides([near, tf.mul<tf.Tensor4D>(far, first)], [ones, first]);
  expect([...counted.dataSync()]).toEqual([25, 26, 20, 21]);
});

test.each([5, 7])('a frame of %i bytes is refused where the model has 6, whatever is done with it', (bytes) => {
  const refusal = expect.objectContaining({
    code: 'INPUT',
    message:
      `add a frame to a history: frame: expected 6 bytes (2x3x1), received ${bytes}; resize the frame to the ` +
      `model's size`,
  }) as Error;
  const history = new FrameHistory(shape);
  history.push(new Uint8Array(6));
  expect(() => history.push(new Uint8Array(bytes))).toThrow(refusal);
  expect(() => history.addExample(new ExampleBuffer(shape, 1), new Uint8Array(bytes))).toThrow(refusal);
});

describe('at a stride', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const historyOf = (frames: number) => {
    const history = new FrameHistory(shape);
    for (let number = 1; number <= frames; number++) history.push(new Uint8Array(6).fill(number));
    return history;
  };
  const contextOf = (history: FrameHistory, subsequence?: Subsequence) => {
    const contexts = subsequence === undefined ? [history.leading()[0].context] : [history.every(subsequence)];
    const { frames, valid } = examplesAfter(shape, contexts).conditioningInputs.context!;
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
    const history = historyOf(frames);
    expect(contextOf(history, { stride, phase })).toEqual({ frames: expected, valid });
    expect(history.every({ stride, phase }).frames.length).toBe(valid[0] + 1);
    expect(contextOf(history)).toEqual(contextOf(historyOf(frames)));
  });

  test('as many as a model is given are there', () => {
    const history = new FrameHistory({ ...shape, context: 4 });
    for (let number = 1; number <= 30; number++) history.push(new Uint8Array(6).fill(number));
    const at = (phase: number) =>
      examplesAfter({ ...shape, context: 4 }, [history.every({ stride: 4, phase })]).conditioningInputs.context!;
    expect(at(0).frames.map((tensor) => tensor.dataSync()[0])).toEqual([18, 22, 26, 30]);
    expect(at(1).frames.map((tensor) => tensor.dataSync()[0])).toEqual([15, 19, 23, 27]);
  });

  test('of a history without frames there are none', () => {
    for (const phase of [0, 1]) expect(historyOf(0).every({ stride: 4, phase }).frames).toEqual([]);
    expect(historyOf(3).every({ stride: 4, phase: 1 }).frames).toEqual([]);
  });
});

describe('once frames are expected, motion among the known ones goes on:', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets[0].instructionSet}`));
  const frame = (number: number) => new Uint8Array(6).fill(number);
  const historyOf = (known: number[], expected: number[] = []) => {
    const history = new FrameHistory(shape);
    for (const number of known) history.push(frame(number));
    for (const number of expected) history.addExpected(frame(number));
    return history;
  };
  const contextOf = (history: FrameHistory): ContextTensors =>
    FrameHistory.examples([history]).conditioningInputs.context!;
  const batchOf = (level: number): FrameBatch => ({
    levels: tf.fill([1, 3, 2, 1], level),
    exists: tf.ones([1, 3, 2, 1]),
  });
  const levels = (frames: readonly tf.Tensor[]) => frames.map((tensor) => tensor.dataSync()[0]);
  const told = ({ frames, valid, known }: ContextTensors) => ({
    frames: levels(frames),
    valid: [...valid.dataSync().slice(0, shape.context)],
    known: known && { frames: levels(known.frames), expected: known.expected[0] },
  });

  const all = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [tensor.shape, [...tensor.dataSync()]]);
  const valuesOf = ({ frames, valid, noise, missing, known }: ContextTensors) => ({
    tensors: all([...frames, valid, noise]),
    missing,
    known: known && { ...known, frames: all(known.frames) },
  });

  test('the frames known at the start are told, and how many were expected since', () => {
    expect(told(contextOf(historyOf([1, 2, 3])))).toEqual({ frames: [2, 3], valid: [1, 1] });
    const known = { frames: [2, 3], expected: 1 };
    expect(told(contextOf(historyOf([1, 2, 3], [4])))).toEqual({ frames: [3, 4], valid: [1, 1], known });
    expect(told(contextOf(historyOf([1, 2, 3], [4, 5, 6]))).known).toEqual({ ...known, expected: 3 });
    expect(told(contextOf(historyOf([1], [2]))).known).toEqual({ frames: [1, 1], expected: 1 });
  });

  test('frames that do not exist are counted, in batches of tensors too', () => {
    const missingIn = (histories: FrameHistory[]) => {
      const context = FrameHistory.examples(histories).conditioningInputs.context!;
      const joined = contextOfFrames({ frames: framesOfContext(context), known: null }, context.noise);
      const last = downsampleContext(context, 1, 1);
      return [context.missing, joined.missing, last.missing];
    };
    const of = (...missing: number[][]) => missing;
    expect(missingIn([historyOf([]), historyOf([])])).toEqual(of([2, 2], [2, 2], [1, 1]));
    expect(missingIn([historyOf([1]), historyOf([])])).toEqual(of([1, 2], [1, 2], [0, 1]));
    expect(missingIn([historyOf([1]), historyOf([1, 2, 3])])).toEqual(of([1, 0], [1, 0], [0, 0]));
  });

  test('known frames that do not exist are counted, also of examples whose frames are all known', () => {
    const context = FrameHistory.examples([historyOf([1], [2, 3]), historyOf([1])]).conditioningInputs.context!;
    expect(context.missing).toEqual([0, 1]);
    expect(context.known!.missing).toEqual([1, 1]);
    expect(downsampleContext(context, 1, 1).known!.missing).toEqual([0, 0]);
  });

  test('after eight expected frames the last ones count as known', () => {
    const expected = [11, 12, 13, 14, 15, 16, 17, 18];
    expect(told(contextOf(historyOf([1, 2], expected))).known).toEqual({ frames: [1, 2], expected: 8 });
    expect(told(contextOf(historyOf([1, 2], [...expected, 19]))).known).toEqual({ frames: [17, 18], expected: 1 });
  });

  test('a frame that is known ends it, and a copy goes on from what was known', () => {
    const history = historyOf([1, 2], [3]);
    const copy = history.copy();
    copy.addExpected(frame(4));
    expect(told(contextOf(copy)).known).toEqual({ frames: [1, 2], expected: 2 });
    history.push(frame(5));
    expect(told(contextOf(history))).toEqual({ frames: [3, 5], valid: [1, 1] });
  });

  test('batches of tensors go the same way, at every stride', () => {
    const known = [1, 2, 3, 4, 5];
    const strides = SUBSEQUENCES.map((subsequence) => {
      const { frames } = historyOf(known).every(subsequence);
      return { subsequence, context: { frames: frames.map(([level]) => batchOf(level)), known: null } };
    });
    const ofTensors = new StridedHistory<FrameBatch>(shape.context, 0, strides);
    const expected: number[] = [];
    for (let step = 0; step < 11; step++) {
      const ofBytes = historyOf(known, expected).leading();
      const contexts = ofTensors.leading();
      expect(contexts.map(({ subsequence }) => subsequence)).toEqual(ofBytes.map(({ subsequence }) => subsequence));
      const noise = tf.zeros<tf.Rank.R4>([1, 3, 2, 1]);
      const ofEach = contexts.map(({ context }) => contextOfFrames(context, noise));
      for (const [at, context] of ofEach.entries()) {
        expect(told(context)).toEqual(told(examplesAfter(shape, [ofBytes[at].context]).conditioningInputs.context!));
      }
      const together = examplesAfter(
        shape,
        ofBytes.map(({ context }) => context),
      ).conditioningInputs.context!;
      expect(valuesOf(joinContexts(ofEach))).toEqual(valuesOf(together));
      expected.push(10 + step);
      ofTensors.addExpected(batchOf(10 + step));
    }
  });

  test('histories of which different numbers of frames were expected go together', () => {
    const { known } = FrameHistory.examples([historyOf([1, 2]), historyOf([1, 3], [4])]).conditioningInputs.context!;
    expect(known!.expected).toEqual([0, 1]);
    expect(known!.frames.map((tensor) => [0, 6].map((at) => tensor.dataSync()[at]))).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });
});
