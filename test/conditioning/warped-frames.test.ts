import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { disposeExamples, examplesAfter } from '../../src/conditioning/context/examples.js';
import type { ConditioningDescription, ConditioningInputs } from '../../src/conditioning/index.js';
import { warpedFrames } from '../../src/conditioning/warped-frames.js';
import type { WarpedFramesDescription } from '../../src/conditioning/warped-frames-description.js';
import type { ImageShape } from '../../src/foundation/levels.js';
import { kernelSets } from '../backend/implementations.js';
import { referenceWeights, type Numbers } from '../model/reference-planes.js';
import { referenceExample } from '../model/reference-network.js';
import { framedNetworks, randomExamples, randomWeights } from '../model/tiny-networks.js';
import { randomInts } from '../random.js';
import { referenceCondition } from './reference-conditioning.js';

const isWarped = (one: ConditioningDescription): one is WarpedFramesDescription => one.type === 'warped-frames';
const networks = framedNetworks.flatMap(([name, network]) => {
  const conditioning = network.conditioning.filter(isWarped);
  return conditioning.map((one) => ({ name, network: { ...network, conditioning }, one }));
});

/** The map and the anchors as arrays, and the references as they are. */
function conditionOf(
  one: WarpedFramesDescription,
  shape: ImageShape,
  given: ConditioningInputs,
  weights: readonly Numbers[],
) {
  const specs = warpedFrames.parameters(one, shape);
  return tf.tidy(() => {
    const tensors = specs.map(({ shape }, at): Tensor => tf.tensor(Float32Array.from(weights[at]), [...shape]));
    const { map, anchors, references } = warpedFrames.condition(one, shape, given, tensors);
    const values = (tensor: Tensor4D) => Float32Array.from(tensor.dataSync());
    return { map: values(map), anchors: anchors.map(values), references: references.map(values) };
  });
}

describe.each(kernelSets)('on $instructionSet', ({ instructionSet }) => {
  beforeAll(() => tf.setBackend(`native-${instructionSet}`));

  test.each(networks)('map, anchors and references are those of the float64 reference: $name', ({ network, one }) => {
    const specs = warpedFrames.parameters(one, network);
    const weights = randomWeights({ parameters: specs }, 3);
    const batch = 3;
    const examples = randomExamples(network, batch, 5);
    const { map, anchors, references } = conditionOf(one, network, examples.conditioningInputs, weights);
    const part = (values: Float32Array, example: number) =>
      values.subarray((example * values.length) / batch, ((example + 1) * values.length) / batch);
    const expectClose = (received: Numbers, expected: Numbers, tolerance: number) => {
      expect(received.length).toBe(expected.length);
      const furthest = Math.max(...Array.from(received, (value, at) => Math.abs(value - expected[at])));
      expect(furthest).toBeLessThan(tolerance);
    };
    for (let example = 0; example < batch; example++) {
      const given = referenceExample(examples, example);
      const reference = referenceCondition(network, referenceWeights(specs, weights), given);
      const largest = Math.max(...reference.map!.values.map(Math.abs));
      expectClose(part(map, example), reference.map!.values, 1e-5 * (1 + largest));
      expect(anchors).toHaveLength(2);
      anchors.forEach((anchor, at) =>
        expectClose(part(anchor, example), reference.anchors[at], 1e-5 * (network.levels + largest)),
      );
      expect(references).toHaveLength(one.templateMatching ?? 0);
      references.forEach((frame, at) =>
        expect(Array.from(part(frame, example))).toEqual(Array.from(reference.references![at])),
      );
    }
    disposeExamples(examples);
  });
});

describe('with weights of zero, in which biases alone move the frames,', () => {
  beforeAll(() => tf.setBackend(`native-${kernelSets.at(-1)!.instructionSet}`));
  const shape = { size: { width: 6, height: 5 }, channels: 1, levels: 256 } as const;
  const plain: WarpedFramesDescription = { type: 'warped-frames', context: 2, features: 4, flows: 1 };
  const frames = [1, 2].map((seed) => Uint8Array.from(randomInts(30, 256, seed)));
  const expectedBy = (one: WarpedFramesDescription, motion: number[], residual: number): number[] => {
    const weights = warpedFrames.parameters(one, shape).map(({ name, shape }) => {
      if (name.endsWith('.motion.bias')) return motion;
      if (name.endsWith('.residual.bias')) return [residual];
      return new Float32Array(shape.reduce((all, side) => all * side, 1));
    });
    const examples = examplesAfter({ ...shape, context: 2 }, [{ frames, known: null }]);
    const { anchors } = conditionOf(one, shape, examples.conditioningInputs, weights);
    disposeExamples(examples);
    return [...anchors[0]];
  };
  /** The level of a frame that stands so far off each place, those at the edge repeated. */
  const moved = (frame: Uint8Array, down: number, right: number) =>
    Array.from(frame, (_, at) => {
      const row = Math.floor(at / 6) + down;
      const column = (at % 6) + right;
      return frame[6 * Math.min(Math.max(row, 0), 4) + Math.min(Math.max(column, 0), 5)];
    });
  const expectClose = (received: readonly number[], expected: readonly number[]) =>
    received.forEach((level, at) => expect(level).toBeCloseTo(expected[at], 3));

  // Two vertical displacements, two horizontal ones, two logits; a quarter of a unit is a pixel.
  test('the frame of the larger logit is moved by four pixels a unit', () => {
    expectClose(expectedBy(plain, [0.25, 0, -0.5, 0, 50, 0], 0), moved(frames[0], 1, -2));
    expectClose(expectedBy(plain, [0, -0.25, 0, 0.25, 0, 50], 0), moved(frames[1], -1, 1));
  });

  test('frames of equal logits are averaged, and a residual of 1 adds an eighth of half the range', () => {
    const mean = Array.from(frames[0], (level, at) => (level + frames[1][at]) / 2 + 127.5 / 8);
    expectClose(expectedBy(plain, [0, 0, 0, 0, 3, 3], 1), mean);
  });

  test('a frame that may stand still does so where that logit is the largest, whatever the displacements are', () => {
    // The displacements of each frame, then of each frame the logit of its displacement and that of standing still.
    expectClose(expectedBy({ ...plain, still: true }, [1, 1, 1, 1, 0, 0, 0, 50], 0), [...frames[1]]);
  });
});

test('before training the expected frame lies near the last one', async () => {
  await tf.setBackend(`native-${kernelSets.at(-1)!.instructionSet}`);
  const { network, one } = networks.find(({ name }) => name === 'grey 4x5, warped-frames of 4')!;
  const weights = initialiseParameters(warpedFrames.parameters(one, network), 1n);
  const examples = randomExamples(network, 1, 5);
  const { anchors } = conditionOf(one, network, examples.conditioningInputs, weights);
  const distance = (frame: Tensor4D) =>
    frame.dataSync<'float32'>().reduce((sum, level, at) => sum + Math.abs(level - anchors[0][at]), 0);
  const distances = examples.conditioningInputs.context!.frames.map(distance);
  expect(Math.min(...distances)).toBe(distances[3]);
  expect([...anchors[1]]).toEqual([...examples.conditioningInputs.context!.frames[3].dataSync()]);
  disposeExamples(examples);
});

test('it needs as many frames as are described, and says what it makes of earlier pixels', () => {
  const one: WarpedFramesDescription = { type: 'warped-frames', context: 3, features: 5, flows: 2 };
  expect(warpedFrames.needs(one)).toEqual({ context: 3, coarser: null });
  expect(warpedFrames.needs({ ...one, gru: { context: 7, features: 4 } })).toEqual({ context: 7, coarser: null });
  expect(warpedFrames.mapFeatures(one)).toBe(5);
  expect(warpedFrames.earlierPixels!(one)).toEqual({ references: 0, methods: [] });
  const looking = { ...one, templateMatching: 2, localRegression: true };
  expect(warpedFrames.earlierPixels!(looking)).toEqual({
    references: 2,
    methods: ['templateMatching', 'localRegression'],
  });
});

test('without frames it makes nothing', () => {
  const shape = { size: { width: 6, height: 5 }, channels: 1, levels: 256 } as const;
  const one: WarpedFramesDescription = { type: 'warped-frames', context: 1, features: 4, flows: 1 };
  expect(() => warpedFrames.condition(one, shape, {}, [])).toThrow('warped-frames: no frames were given');
});
