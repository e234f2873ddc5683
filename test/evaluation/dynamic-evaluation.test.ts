import * as tf from '@tensorflow/tfjs-core';
import { scoreFrames } from '../../src/evaluation/frame-likelihoods.js';
import { sumNats } from '../../src/evaluation/scoring.js';
import type { Frame } from '../../src/foundation/frame.js';
import { disposeExamples, ExampleBuffer, type Examples } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { selectScaleParameters } from '../../src/model/chain.js';
import { toTensors } from '../../src/model/model.js';
import { DynamicEvaluation } from '../../src/evaluation/dynamic-evaluation.js';
import { computeGradients } from '../../src/optimization/gradients.js';
import { kernelSets } from '../backend/implementations.js';
import { randomFrames, randomModel, tinyChain, tinyNetwork, warpedFrames } from '../model/tiny-networks.js';
import { collect } from '../video/made-clips.js';
import { slowTest } from '../extent.js';

const { chain, weights: arrays } = randomModel([tinyNetwork({ conditioning: [warpedFrames] })]);
const { conditioningParameters } = chain.scales[0];
const bytes = frameBytes(chain.exampleShape);

let weights: tf.Tensor[];
beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  weights = toTensors(arrays, chain.parameters);
});
afterAll(() => tf.dispose(weights));

/** Frames of noise, the same for a seed. */
function noise(count: number, seed: number): Frame[] {
  const data = randomFrames(chain.exampleShape, count, seed);
  const { size, channels } = chain.exampleShape;
  return Array.from({ length: count }, (_, t) => ({ ...size, channels, data: data.slice(t * bytes, (t + 1) * bytes) }));
}

/** One frame, given the one before it; left and right may be swapped in both. */
function exampleOf([before, frame]: Frame[], mirrored = false): Examples {
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  buffer.add(Uint8Array.from([...before.data, ...frame.data]), 2, mirrored);
  return buffer.tensors();
}

/** Nats of each frame but the first, scored by weights that learn. */
async function adaptedNats(frames: Frame[]): Promise<number[]> {
  async function* stream() {
    for (const frame of frames) yield await Promise.resolve(frame);
  }
  const adaptation = new DynamicEvaluation(chain, weights);
  const scored = await collect(scoreFrames(chain, adaptation, stream()));
  adaptation.dispose();
  return scored.map(({ nats }) => sumNats(nats));
}

const valuesOf = (tensors: readonly tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

slowTest('a step is one of Adam, and what scores is the running average: as written down in float64', () => {
  const adaptation = new DynamicEvaluation(chain, weights);
  const learned = valuesOf(weights);
  const scoring = valuesOf(weights);
  const [m, v] = [learned, learned].map((of) => of.map((values) => values.map(() => 0)));
  for (let step = 1; step <= 34; step++) {
    // A step on each frame, then one with left and right swapped.
    const example = exampleOf(noise(2, Math.ceil(step / 2)), step % 2 === 0);
    const tensors = toTensors(
      learned.map((values) => Float32Array.from(values)),
      chain.parameters,
    );
    const made = computeGradients(chain, tensors, example, { trains: 'decoder' });
    const gradients = valuesOf(made.gradients);
    const norm = Math.sqrt(gradients.flat().reduce((sum, value) => sum + value ** 2, 0));
    const rate = 4e-4 * Math.min(1, step / 30);
    const staying = Math.min(0.975, step / (step + 3));
    made.trained.forEach((index, place) => {
      for (const [at, value] of gradients[place].entries()) {
        const gradient = value * Math.min(1, 1 / norm);
        m[index][at] = 0.9 * m[index][at] + 0.1 * gradient;
        v[index][at] = 0.999 * v[index][at] + 0.001 * gradient ** 2;
        const spread = Math.sqrt(v[index][at] / (1 - 0.999 ** step)) + 1e-8;
        learned[index][at] -= (rate * m[index][at]) / (1 - 0.9 ** step) / spread;
        scoring[index][at] = staying * scoring[index][at] + (1 - staying) * learned[index][at];
      }
    });
    tf.dispose([made.nats, ...made.gradients, ...tensors]);
    if (step % 2 === 1) adaptation.learn(example);
    disposeExamples(example);
  }
  const found = valuesOf(adaptation.weights);
  for (const [index, values] of scoring.entries()) {
    const furthest = Math.max(...values.map((value, at) => Math.abs(value - found[index][at])));
    expect(furthest).toBeLessThan(2e-5);
    const moved = Math.max(...values.map((value, at) => Math.abs(value - arrays[index][at])));
    if (index < conditioningParameters) expect(found[index]).toEqual([...arrays[index]]);
    else expect(moved).toBeGreaterThan(1e-4);
  }
  adaptation.dispose();
});

test('the bits of a frame follow from the frames before it alone, those of the first from the model', async () => {
  const beginning = noise(4, 1);
  const end = noise(2, 2);
  const otherEnd = noise(2, 3);
  const one = await adaptedNats([...beginning, ...end]);
  const other = await adaptedNats([...beginning, ...otherEnd]);
  expect(one.slice(0, 3)).toEqual(other.slice(0, 3));
  expect(one[3]).not.toBe(other[3]);
  const example = exampleOf(beginning);
  const { nats } = computeGradients(chain, weights, example);
  expect(one[0] / bytes).toBeCloseTo(nats.dataSync()[0], 5);
  disposeExamples(example);
});

slowTest('a clip that repeats itself costs less and less', async () => {
  const [first, second] = noise(2, 4);
  const costs = await adaptedNats(Array.from({ length: 40 }, (_, t) => (t % 2 === 0 ? first : second)));
  expect(costs[38]).toBeLessThan(0.99 * costs[4]);
});

test('it takes nothing of the model, and leaves nothing behind', async () => {
  const before = valuesOf(weights);
  const { numTensors } = tf.memory();
  await adaptedNats(noise(4, 5));
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(valuesOf(weights)).toEqual(before);
});

test('of a chain every scale learns, and none of the conditionings', () => {
  const { chain: scales, weights: values } = randomModel(tinyChain());
  const own = toTensors(values, scales.parameters);
  const buffer = new ExampleBuffer(scales.exampleShape, 1);
  buffer.add(randomFrames(scales.exampleShape, 2, 7), 2, false);
  const examples = buffer.tensors();
  const adaptation = new DynamicEvaluation(scales, own);
  adaptation.learn(examples);
  const moved = valuesOf(adaptation.weights).map((found, index) =>
    found.some((value, at) => value !== values[index][at]),
  );
  const places = moved.map((_, index) => index);
  for (const [scale, { conditioningParameters: kept }] of scales.scales.entries()) {
    const ofScale = selectScaleParameters(scales, scale, places).map((index) => moved[index]);
    expect(ofScale.slice(0, kept)).not.toContain(true);
    expect(ofScale.slice(kept)).toContain(true);
  }
  adaptation.dispose();
  disposeExamples(examples);
  tf.dispose(own);
});

test('where gradients are not finite nothing is learned', () => {
  const broken = weights.map((weight, index) => (index === weights.length - 1 ? tf.mul(weight, NaN) : weight.clone()));
  const adaptation = new DynamicEvaluation(chain, broken);
  const example = exampleOf(noise(2, 6));
  adaptation.learn(example);
  expect(valuesOf(adaptation.weights).slice(0, -1)).toEqual(valuesOf(weights).slice(0, -1));
  disposeExamples(example);
  adaptation.dispose();
  tf.dispose(broken);
});
