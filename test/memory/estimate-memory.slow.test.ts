import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { BufferPool } from '../../src/backend/buffer-pool.js';
import { countBytes } from '../../src/backend/counting-backend.js';
import { freeIdleMemory } from '../../src/backend/native-backend.js';
import { DynamicEvaluation } from '../../src/evaluation/dynamic-evaluation.js';
import { scoreExamples } from '../../src/evaluation/scoring.js';
import { disposeInputs } from '../../src/conditioning/context/examples.js';
import { disposeRollout, type Rollout } from '../../src/optimization/anchor-loss.js';
import { computeGradients, type TrainedPart } from '../../src/optimization/gradients.js';
import { optimisers } from '../../src/optimization/optimisers.js';
import { applyUpdate, type TrainingState } from '../../src/optimization/update.js';
import { buildChain, scoreChain } from '../../src/model/chain.js';
import { modelSchema, type ModelDescription, type NetworkDescription } from '../../src/model/description.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import {
  estimateDrawingMemory,
  estimateDynamicEvaluationMemory,
  estimateScoringMemory,
} from '../../src/memory/estimate-memory.js';
import { estimateTrainingMemory } from '../../src/memory/estimate-training-memory.js';
import { describeModel, type NetworkName, type PresetSettings } from '../../src/model/presets.js';
import { hiddenFeatures, resizeDescription, narrowDescription } from '../../src/model/resize-description.js';
import { SUBSEQUENCES } from '../../src/conditioning/context/history.js';
import { toTensors } from '../../src/model/model.js';
import { runSchema, type RunConfiguration } from '../../src/training/configuration.js';
import { PREDICTED_FRAMES } from '../../src/training/rollouts.js';
import type { Stage } from '../../src/training/stages.js';
import { kernelSets } from '../backend/implementations.js';
import { randomExamples, randomWeights } from '../model/tiny-networks.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

function describeTiny(network: NetworkName, changes: Partial<PresetSettings> = {}): ModelDescription {
  const size = { width: 24, height: 16 };
  const settings = { size, channels: 3, levels: 256, hidden: 12, layers: 3, head: 'softmax', context: 0 } as const;
  return describeModel(network, { ...settings, ...changes });
}

/** The lengths of the arrays that pools make while something runs, in ascending order: what they hold in the end. */
function pooledIn(run: () => void): number[] {
  freeIdleMemory();
  const lengths: number[] = [];
  const pool = BufferPool.prototype as unknown as { make(length: number): Float32Array };
  const make = Object.getOwnPropertyDescriptor(pool, 'make')!.value as (
    this: BufferPool,
    length: number,
  ) => Float32Array;
  const watched = jest.spyOn(pool, 'make').mockImplementation(function (this: BufferPool, length) {
    lengths.push(length);
    return make.call(this, length);
  });
  run();
  watched.mockRestore();
  return lengths.sort((a, b) => a - b);
}

const sum = (lengths: readonly number[]) => lengths.reduce((all, length) => all + length, 0);

/** One rollout of random frames. */
function randomRollout(description: NetworkDescription): Rollout {
  const examples = Array.from({ length: PREDICTED_FRAMES }, (_, frame) => randomExamples(description, 1, frame));
  examples.slice(SUBSEQUENCES.length).forEach(({ conditioningInputs }) => disposeInputs(conditioningInputs));
  tf.dispose(examples.map(({ inputImage }) => inputImage));
  const known = SUBSEQUENCES.map((subsequence, at) => ({
    subsequence,
    conditioningInputs: examples[at].conditioningInputs,
    counts: tf.ones<tf.Rank.R4>([1, 1, 1, 1]),
  }));
  return { known, truth: examples.map(({ image }) => image) };
}

const BATCH = 4;
/** Larger, since short arrays are not pooled. */
const given = { head: 'logistic-mixture', context: 2, size: { width: 64, height: 48 } } as const;
const plain = describeTiny('pixel-cnn', { ...given, frames: 'previous-frames' });
const warped = describeTiny('pixel-cnn', { ...given, frames: 'warped-frames' });

/** The same conditioning as that of the shipped model: frames read unmoved as well, and halved thrice. */
function asShipped({ scales: [scale], ...rest }: ModelDescription): ModelDescription {
  const conditioning = scale.conditioning.map((one) => ({ ...one, still: true, halvings: 3 }));
  return modelSchema.parse({ ...rest, scales: [{ ...scale, conditioning }] });
}

/** The same with templates, as the shipped model has them. */
function lookingFor({ scales: [scale], ...rest }: ModelDescription, changes = {}): ModelDescription {
  const conditioning = scale.conditioning.map((one) => ({ ...one, templateMatching: 2, ...changes }));
  return modelSchema.parse({ ...rest, scales: [{ ...scale, conditioning }] });
}

/** Configuration of a training, of one stage, that begins with another model's weights. */
function runOf(model: ModelDescription, batch: number, stage: Partial<Stage> = {}): RunConfiguration {
  const isOfImages = buildChain(model).exampleShape.context === 0;
  const training = { batch, steps: 1, from: 'other', stages: [{ trains: 'all', ...stage }] };
  const data = isOfImages ? { type: 'images', set: 'images' } : { type: 'clips', frames: ['clips'] };
  return runSchema.parse({ model, training, data });
}

/** Trains two steps and scores a batch and a smaller one, as trainings and validations do. */
function work(description: ModelDescription, rollOuts: number, trains: TrainedPart): void {
  const chain = buildChain(description);
  const weights = toTensors(randomWeights(chain, 1), chain.parameters);
  const optimiser = optimisers.adam;
  let state: TrainingState = {
    weights,
    optimiser: optimiser.stateNames.map(() => weights.map((weight) => tf.keep(tf.zerosLike(weight)))),
  };
  for (let step = 1; step <= 2; step++) {
    const examples = randomExamples(description.scales[0], BATCH, step);
    const rollout = rollOuts === 0 ? null : randomRollout(description.scales[0]);
    const gradients = computeGradients(chain, state.weights, examples, { rollout, trains });
    disposeExamples(examples);
    if (rollout !== null) disposeRollout(rollout);
    ({ state } = applyUpdate(optimiser, { learningRate: 1e-3, step }, state, gradients));
  }
  for (const batch of [BATCH, 1]) {
    const examples = randomExamples(description.scales[0], batch, 1);
    tf.tidy(() => void scoreChain(chain, state.weights, examples));
    disposeExamples(examples);
  }
  tf.dispose([...state.weights, ...state.optimiser.flat()]);
}

test.each<[string, ModelDescription, number?, TrainedPart?]>([
  ['a PixelCNN with a softmax', describeTiny('pixel-cnn')],
  ['a PixelCNN with skip connections', describeTiny('pixel-cnn', { skips: true })],
  ['a Row LSTM', describeTiny('row-lstm')],
  ['a Diagonal BiLSTM with learned states', describeTiny('diagonal-bilstm', { initialState: 'learned' })],
  ['a PixelCNN of binary images', describeTiny('pixel-cnn', { channels: 1, levels: 2, head: 'sigmoid' })],
  ['a PixelCNN with a mixture, given two frames', plain],
  ['a PixelCNN that warps two frames, which also learns from its own predictions', warped, 1],
  ['a PixelCNN that warps two frames, as they ship', asShipped(warped)],
  ['a PixelCNN that looks for each pixel in two frames', lookingFor(warped)],
  ['a PixelCNN that regresses each pixel on two frames too', lookingFor(warped, { localRegression: true })],
  [
    'the same, as it ships, whose decoder learns alone',
    lookingFor(asShipped(warped), { localRegression: true }),
    0,
    'decoder',
  ],
  ['a PixelCNN whose conditioning learns alone, from rollouts too', warped, 1, 'conditioning'],
])(
  'of %s the same arrays are counted as a training and a scoring make',
  (_, description, rollOuts = 0, trains = 'all') => {
    const really = pooledIn(() => work(description, rollOuts, trains));
    expect(pooledIn(() => countBytes(() => work(description, rollOuts, trains)))).toEqual(really);
    const run = runOf(description, BATCH, { rollOuts, trains });
    const estimated = pooledIn(() => estimateTrainingMemory(run));
    expect(sum(estimated) / sum(really)).toBeGreaterThan(0.95);
    expect(sum(estimated) / sum(really)).toBeLessThan(1.05);
  },
);

test('of a chain of scales the same arrays are counted as scoring makes', () => {
  const chain = buildChain(describeTiny('pixel-cnn', { size: { width: 64, height: 48 }, factors: [2] }));
  const score = () => {
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const [image, seen] = [0, 1].map(() => tf.zeros<tf.Rank.R4>([BATCH, 48, 64, 3]));
    tf.tidy(() => void scoreChain(chain, weights, { image, inputImage: seen, conditioningInputs: {} }));
    tf.dispose([...weights, image, seen]);
  };
  const really = pooledIn(score);
  expect(really.length).toBeGreaterThan(0);
  expect(pooledIn(() => countBytes(score))).toEqual(really);
});

test('of weights that learn from a frame the same arrays are counted as scoring and learning make', () => {
  const chain = buildChain(warped);
  const score = () => {
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const adaptation = new DynamicEvaluation(chain, weights);
    const [examples, slower] = [1, 2].map((seed) => randomExamples(warped.scales[0], 1, seed));
    scoreExamples(chain, adaptation, examples, slower);
    adaptation.dispose();
    tf.dispose(weights);
  };
  expect(pooledIn(() => estimateDynamicEvaluationMemory(chain))).toEqual(pooledIn(score));
});

test('a count leaves the backend that is in use, and its tensors, as they were, whichever it is', async () => {
  const chain = buildChain(plain);
  const native = tf.getBackend();
  const onNative = estimateScoringMemory(chain, BATCH);
  const tensors = tf.memory().numTensors;
  expect(estimateScoringMemory(chain, BATCH)).toBe(onNative);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(tf.getBackend()).toBe(native);
  const failing = () =>
    countBytes(() => {
      throw new TypeError('no');
    });
  expect(failing).toThrow('no');
  expect(tf.getBackend()).toBe(native);
  await tf.setBackend('cpu');
  expect(estimateScoringMemory(chain, BATCH)).toBe(onNative);
  expect(tf.getBackend()).toBe('cpu');
  await tf.setBackend(native);
});

test('a count takes no memory, however large what is counted, and grows with it', () => {
  const { arrayBuffers } = process.memoryUsage();
  const ofSide = (side: number) =>
    estimateTrainingMemory(runOf(describeTiny('pixel-cnn', { size: { width: side, height: side } }), 1000));
  const large = ofSide(2000);
  const larger = ofSide(4000);
  expect(larger / large).toBeGreaterThan(3.9);
  expect(larger / large).toBeLessThan(4.1);
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(2 ** 30);
});

test('scoring holds a few layers at a time, however many there are', () => {
  const held = (layers: number) => {
    const chain = buildChain(describeTiny('pixel-cnn', { layers }));
    const weights = toTensors(randomWeights(chain, 1), chain.parameters);
    const examples = randomExamples(chain.scales[0].description, BATCH, 1);
    const lengths = pooledIn(() => tf.tidy(() => void scoreChain(chain, weights, examples)));
    tf.dispose(weights);
    return lengths;
  };
  expect(held(12)).toEqual(held(3));
});

test('a larger batch, a larger image and a wider network are estimated to take more', () => {
  const bytes = (changes: Partial<PresetSettings>, batch = 4) =>
    estimateTrainingMemory(runOf(describeTiny('row-lstm', changes), batch));
  expect(bytes({}, 5)).toBeGreaterThan(bytes({}));
  expect(bytes({ size: { width: 24, height: 17 } })).toBeGreaterThan(bytes({}));
  expect(bytes({ hidden: 13 })).toBeGreaterThan(bytes({}));
  expect(bytes({ factors: [2] })).toBeGreaterThan(bytes({}));
});

test('a draw from eight context frames keeps fewer frames than one from seven, which reads longer strides too', () => {
  const { version, scales } = describeTiny('pixel-cnn', { ...given, context: 7, frames: 'warped-frames' });
  const [{ conditioning, ...scale }] = scales;
  // Of eight a preset has a memory, which takes more than the frames.
  const bytes = (context: number) => {
    const moved = conditioning.map((one) => ({ ...one, context }));
    return estimateDrawingMemory(buildChain({ version, scales: [{ ...scale, conditioning: moved }] }), 1);
  };
  const [six, seven, eight] = [6, 7, 8].map(bytes);
  // Tensors grow alike with each frame of the context.
  const frame = 64 * 48 * 3;
  expect(seven - six - (eight - seven)).toBeGreaterThan(30 * frame);
});

test('of a chain at another size the coarser scales are divided as they were', () => {
  const model = describeTiny('pixel-cnn', { factors: [2, 3] });
  const sizes = ({ scales }: ModelDescription) => scales.map(({ size: { width, height } }) => [width, height]);
  expect(sizes(model)).toEqual([
    [4, 3],
    [8, 6],
    [24, 16],
  ]);
  const smaller = resizeDescription(model, { width: 13, height: 7 });
  expect(sizes(smaller)).toEqual([
    [3, 2],
    [5, 3],
    [13, 7],
  ]);
  expect(modelSchema.safeParse(smaller).success).toBe(true);
});

test('a narrower model is the preset of fewer features', () => {
  const changes = { skips: true, factors: [2], context: 2 };
  const narrower = narrowDescription(describeTiny('diagonal-bilstm', changes), 5);
  expect(narrower).toEqual(describeTiny('diagonal-bilstm', { ...changes, hidden: 5 }));
  expect(hiddenFeatures(narrower)).toBe(5);
});
