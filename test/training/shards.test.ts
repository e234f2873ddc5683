import * as tf from '@tensorflow/tfjs-core';
import { singleProcess, type ProcessGroup } from '../../src/distributed/process-group.js';
import { buildChain } from '../../src/model/chain.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { toTensors } from '../../src/model/model.js';
import { computeGradients } from '../../src/optimization/gradients.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import { disposeGradients, computeStepGradients, gradientsOfShard, shardRange } from '../../src/training/shards.js';
import { fastest } from '../backend/implementations.js';
import { randomWeights, warpedFrames } from '../model/tiny-networks.js';
import { movingSquares, tinyRun } from './moving-square.js';

await tf.setBackend(fastest);

test.each([
  [1, 1],
  [4, 4],
  [4, 7],
  [8, 1000],
])('%i shards of %i examples follow each other, and differ by one at most', (shards, examples) => {
  const places = Array.from({ length: shards }, (_, shard) => shardRange(shard, shards, examples));
  expect([places[0].from, places.at(-1)!.to]).toEqual([0, examples]);
  places.slice(1).forEach(({ from }, before) => expect(from).toBe(places[before].to));
  const sizes = new Set(places.map(({ from, to }) => to - from));
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});

const shards = 8;
const { model, training } = tinyRun({ batch: 10, shards });
const [stage] = training.stages;
const chain = buildChain(model);
const parameters = toTensors(randomWeights(chain, 2), chain.parameters);
const data = createClipTrainingData(chain, movingSquares(3, 12, chain.exampleShape), [0, 1, 2], [], training);
const asked = { step: 3, stage, batch: 10, shards, precision: 'float32' } as const;
afterAll(() => tf.dispose(parameters));

/** The nats and all gradients, one after another. */
function flat({ nats, gradients }: ReturnType<typeof computeGradients>): Float32Array {
  const values = [nats, ...gradients].flatMap((tensor) => [...tensor.dataSync()]);
  return Float32Array.from(values);
}

/** Float32 sums of numbers that stand in the same places. */
const sum = (a: Float32Array, b: Float32Array) => a.map((value, at) => value + b[at]);

/** Sums in a binary tree: neighbours first, then neighbouring pairs, and so on. */
function treeSum(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const half = parts.length / 2;
  return sum(treeSum(parts.slice(0, half)), treeSum(parts.slice(half)));
}

/** What the shards have each by itself. */
const ofShards = Array.from({ length: shards }, (_, shard) => {
  const examples = data.batch(asked.step, stage, shardRange(shard, shards, asked.batch));
  const settings = { whole: { examples: asked.batch, rollOuts: stage.rollOuts } };
  const made = computeGradients(chain, parameters, examples, settings);
  const values = flat(made);
  disposeGradients(made);
  disposeExamples(examples);
  return values;
});

async function valuesIn(ranks: ProcessGroup): Promise<Float32Array> {
  const made = await computeStepGradients(chain, parameters, data, asked, ranks);
  const values = flat(made);
  expect(made.gradients.map(({ shape }) => shape)).toEqual(parameters.map(({ shape }) => shape));
  disposeGradients(made);
  return values;
}

test('one process adds the shards of a step in one binary tree, to the bit', async () => {
  const made = await valuesIn(singleProcess);
  expect(made).toEqual(treeSum(ofShards));
  // Another order rounds otherwise.
  expect(made).not.toEqual(ofShards.reduce(sum));
});

test('a stage may have fewer examples than the training', async () => {
  const few = { ...asked, stage: { ...stage, batch: 8 } };
  const made = await computeStepGradients(chain, parameters, data, few, singleProcess);
  const whole = data.batch(asked.step, stage, { from: 0, to: 8 });
  const expected = computeGradients(chain, parameters, whole);
  expect(made.nats.dataSync()[0]).toBeCloseTo(expected.nats.dataSync()[0], 5);
  disposeGradients(made);
  disposeGradients(expected);
  disposeExamples(whole);
});

test('a stage has its own loss on expected frames', () => {
  const { model, training } = tinyRun(
    { batch: 2, stages: [{ trains: 'conditioning', anchorLoss: 'mse' }] },
    { size: { width: 8, height: 8 }, conditioning: [warpedFrames] },
  );
  const chain = buildChain(model);
  const weights = toTensors(randomWeights(chain, 4), chain.parameters);
  const data = createClipTrainingData(chain, movingSquares(3, 20, chain.exampleShape), [0, 1, 2], [], training);
  const [stage] = training.stages;
  const step = { step: 0, batch: 2, shards: 1, precision: 'float32' } as const;
  const nats = ([undefined, 'log-mse', 'mse'] as const).map((anchorLoss) => {
    const made = gradientsOfShard(chain, weights, data, { ...step, stage: { ...stage, anchorLoss } }, 0);
    const values = flat(made);
    disposeGradients(made);
    return values;
  });
  expect(nats[0]).toEqual(nats[1]);
  expect(nats[2][0]).toBeLessThan(nats[1][0] / 2);
  expect(nats[2].slice(1)).not.toEqual(nats[1].slice(1));
  tf.dispose(weights);
});

test.each([2, 4, 8])('each of %i ranks adds a branch of the tree', async (size) => {
  const own = shards / size;
  for (let rank = 0; rank < size; rank++) {
    const branch: Float32Array[] = [];
    const keep = (values: Float32Array | Float64Array) => {
      branch.push(Float32Array.from(values));
      values.fill(1);
      return Promise.resolve();
    };
    const summed = await valuesIn({ ...singleProcess, rank, size, allReduce: keep });
    expect(branch).toEqual([treeSum(ofShards.slice(rank * own, (rank + 1) * own))]);
    // What all ranks have together is what the step has.
    expect(new Set(summed)).toEqual(new Set([1]));
  }
});

test('no tensor is left of a step', async () => {
  const before = tf.memory().numTensors;
  await valuesIn(singleProcess);
  expect(tf.memory().numTensors).toBe(before);
});
