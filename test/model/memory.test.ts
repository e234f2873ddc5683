import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { BufferPool } from '../../src/backend/buffer-pool.js';
import { freeIdleMemory } from '../../src/backend/native-backend.js';
import { disposeGiven } from '../../src/conditioning/index.js';
import { buildChain } from '../../src/model/chain.js';
import { modelSchema, type ModelDescription, type NetworkDescription } from '../../src/model/description.js';
import { disposeExamples } from '../../src/model/examples.js';
import { scoringMemory, trainingMemory } from '../../src/model/memory.js';
import { describeModel, type NetworkName, type PresetSettings } from '../../src/model/presets.js';
import { hiddenFeatures, modelAtSize, modelOfHidden } from '../../src/model/smaller-models.js';
import { SUBSEQUENCES } from '../../src/model/subsequences.js';
import { toTensors } from '../../src/model/weights.js';
import { optimisers } from '../../src/fitting/optimisers.js';
import { disposeRollOut, type RollOut } from '../../src/fitting/anchor-loss.js';
import { EXPECTATIONS, PREDICTED_FRAMES } from '../../src/training/roll-outs.js';
import { globalNorm } from '../../src/backend/updates.js';
import { gradientsOf, type Trained } from '../../src/fitting/gradients.js';
import { updated, type TrainingState } from '../../src/fitting/update.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from './nats-of-examples.js';
import { randomExamples, randomWeights } from './tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

function describeTiny(network: NetworkName, changes: Partial<PresetSettings> = {}): ModelDescription {
  const size = { width: 24, height: 16 };
  const settings = { size, channels: 3, levels: 256, hidden: 12, layers: 3, head: 'softmax', context: 0 } as const;
  return describeModel(network, { ...settings, ...changes });
}

/** Most bytes that pools hold, in use and idle, while something runs: of arrays large enough to be pooled. */
function heldIn(run: () => void): number {
  freeIdleMemory();
  const own = Object.getOwnPropertyDescriptors(BufferPool.prototype);
  const take = own.take.value as (this: BufferPool, length: number) => Float32Array;
  const release = own.release.value as (this: BufferPool, values: Float32Array) => void;
  let [live, most] = [0, 0];
  const watched = jest.spyOn(BufferPool.prototype, 'take').mockImplementation(function (this: BufferPool, length) {
    const values = take.call(this, length);
    live += values.byteLength;
    most = Math.max(most, live + this.idleBytes);
    return values;
  });
  const released = jest.spyOn(BufferPool.prototype, 'release').mockImplementation(function (this: BufferPool, values) {
    live -= values.byteLength;
    release.call(this, values);
  });
  run();
  watched.mockRestore();
  released.mockRestore();
  return most;
}

/** One roll-out of random frames. */
function randomRollOut(description: NetworkDescription): RollOut {
  const examples = Array.from({ length: PREDICTED_FRAMES }, (_, frame) => randomExamples(description, 1, frame));
  examples.slice(SUBSEQUENCES.length).forEach(({ given }) => disposeGiven(given));
  tf.dispose(examples.map(({ seen }) => seen));
  const known = SUBSEQUENCES.map((subsequence, at) => ({
    subsequence,
    given: examples[at].given,
    counts: tf.ones<tf.Rank.R4>([1, 1, 1, 1]),
  }));
  return { known, truth: examples.map(({ image }) => image) };
}

const BATCH = 4;
/** Larger, since short arrays are not pooled. */
const given = { head: 'logistic-mixture', context: 2, size: { width: 64, height: 48 } } as const;
const plain = describeTiny('pixel-cnn', { ...given, frames: 'previous-frames' });
const warped = describeTiny('pixel-cnn', { ...given, frames: 'warped-frames' });

/** The same conditioning as that of the shipped model: frames read unmoved as well, halved thrice, and mirrored. */
function mirrored({ scales: [scale], ...rest }: ModelDescription): ModelDescription {
  const conditioning = scale.conditioning.map((one) => ({ ...one, still: true, halvings: 3, mirrored: true }));
  return modelSchema.parse({ ...rest, scales: [{ ...scale, conditioning }] });
}

/** The same with templates, as the shipped model has them. */
function lookingFor({ scales: [scale], ...rest }: ModelDescription, changes = {}): ModelDescription {
  const conditioning = scale.conditioning.map((one) => ({ ...one, templateMatching: 2, ...changes }));
  return modelSchema.parse({ ...rest, scales: [{ ...scale, conditioning }] });
}

/** What the estimates add to the arrays: the process itself. */
const processBytes = scoringMemory(buildChain(describeTiny('pixel-cnn', { size: { width: 1, height: 1 } })), 1);

describe.each<[string, ModelDescription, number?, Trained?]>([
  ['a PixelCNN with a softmax', describeTiny('pixel-cnn')],
  ['a PixelCNN with skip connections', describeTiny('pixel-cnn', { skips: true })],
  ['a Row LSTM', describeTiny('row-lstm')],
  ['a Diagonal BiLSTM with learned states', describeTiny('diagonal-bilstm', { initialState: 'learned' })],
  ['a PixelCNN with a mixture, given two frames', plain],
  ['a PixelCNN that warps two frames, which also learns from its own predictions', warped, EXPECTATIONS],
  ['a PixelCNN that warps two frames and their mirror images', mirrored(warped)],
  ['a PixelCNN that looks for each pixel in two frames', lookingFor(warped)],
  ['a PixelCNN that regresses each pixel on two frames too', lookingFor(warped, { localRegression: true })],
  [
    'the same, mirrored, whose decoder learns alone',
    lookingFor(mirrored(warped), { localRegression: true }),
    0,
    'decoder',
  ],
  ['a PixelCNN whose conditioning learns alone, from roll-outs too', warped, EXPECTATIONS, 'conditioning'],
])('the estimate of memory for %s', (_, description, own = 0, trains = 'all') => {
  const chain = buildChain(description);

  // What runs forward alone is estimated from above, as for scoring.
  const most = trains === 'decoder' ? 1.5 : 1.2;

  test(`is what the arrays of two training steps take, and ${most} of it at most`, () => {
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const optimiser = optimisers.adam;
    const held = heldIn(() => {
      let state: TrainingState = {
        weights,
        optimiser: optimiser.stateNames.map(() => weights.map((weight) => tf.keep(tf.zerosLike(weight)))),
      };
      for (let step = 1; step <= 2; step++) {
        const examples = randomExamples(description.scales[0], BATCH, step);
        const rollOut = own === 0 ? null : randomRollOut(description.scales[0]);
        const gradients = gradientsOf(chain, state.weights, examples, { rollOut, trains });
        disposeExamples(examples);
        if (rollOut !== null) disposeRollOut(rollOut);
        const norm = globalNorm(gradients.gradients);
        state = updated(optimiser, { learningRate: 1e-3, step }, state, gradients, norm);
        tf.dispose([gradients.nats, norm, ...gradients.gradients]);
      }
      tf.dispose([...state.weights, ...state.optimiser.flat()]);
    });
    const work = {
      batch: BATCH,
      conditioned: own,
      trains,
      optimiserStates: 2,
      validationExamples: BATCH,
      validationBatch: BATCH,
    };
    const estimate = trainingMemory(chain, work) - processBytes;
    expect(estimate / held).toBeGreaterThan(0.9);
    expect(estimate / held).toBeLessThan(most);
  });

  test('is what the arrays of scoring take, and half more at most', () => {
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const score = (batch: number) => natsOfExamples(chain, weights, randomExamples(description.scales[0], batch, 1));
    const held = heldIn(() => {
      score(BATCH);
      score(BATCH / 2);
    });
    tf.dispose(weights);
    const estimate = scoringMemory(chain, BATCH) - processBytes;
    expect(estimate / held).toBeGreaterThan(0.9);
    expect(estimate / held).toBeLessThan(1.5);
  });
});

test('scoring holds a few layers at a time, however many there are', () => {
  const held = (layers: number) => {
    const description = describeTiny('pixel-cnn', { layers });
    const chain = buildChain(description);
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const bytes = heldIn(() => natsOfExamples(chain, weights, randomExamples(description.scales[0], BATCH, 1)));
    tf.dispose(weights);
    return bytes;
  };
  expect(held(12)).toBe(held(3));
});

test('a larger batch, a larger image and a wider network are estimated to take more', () => {
  const work = {
    ...{ batch: 4, conditioned: 0, trains: 'all' as const, optimiserStates: 2 },
    ...{ validationExamples: 8, validationBatch: 8 },
  };
  const bytes = (changes: Partial<PresetSettings>, batch = 4) =>
    trainingMemory(buildChain(describeTiny('row-lstm', changes)), { ...work, batch });
  expect(bytes({}, 5)).toBeGreaterThan(bytes({}));
  expect(bytes({ size: { width: 24, height: 17 } })).toBeGreaterThan(bytes({}));
  expect(bytes({ hidden: 13 })).toBeGreaterThan(bytes({}));
  expect(bytes({ factors: [2] })).toBeGreaterThan(bytes({}));
});

test('of a chain at another size the coarser scales are divided as they were', () => {
  const model = describeTiny('pixel-cnn', { factors: [2, 3] });
  const sizes = ({ scales }: ModelDescription) => scales.map(({ size: { width, height } }) => [width, height]);
  expect(sizes(model)).toEqual([
    [4, 3],
    [8, 6],
    [24, 16],
  ]);
  const smaller = modelAtSize(model, { width: 13, height: 7 });
  expect(sizes(smaller)).toEqual([
    [3, 2],
    [5, 3],
    [13, 7],
  ]);
  expect(modelSchema.safeParse(smaller).success).toBe(true);
});

test('a narrower model is the preset of fewer features', () => {
  const changes = { skips: true, factors: [2], context: 2 };
  const narrower = modelOfHidden(describeTiny('diagonal-bilstm', changes), 5);
  expect(narrower).toEqual(describeTiny('diagonal-bilstm', { ...changes, hidden: 5 }));
  expect(hiddenFeatures(narrower)).toBe(5);
});
