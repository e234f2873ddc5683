import * as tf from '@tensorflow/tfjs-core';
import { initialiseParameters } from '../../src/backend/parameters.js';
import { buildChain, type Chain } from '../../src/model/chain.js';
import { toArrays, toTensors } from '../../src/model/model.js';
import { ImageEngine } from '../../src/sampling/engine.js';
import { optimisers } from '../../src/optimization/optimisers.js';
import { computeGradients } from '../../src/optimization/gradients.js';
import { applyUpdate, type TrainingState } from '../../src/optimization/update.js';
import { kernelSets } from '../backend/implementations.js';
import { softmax, tinyNetwork } from '../model/tiny-networks.js';
import { randomNumbers } from '../random.js';
import { slowTest } from '../extent.js';

const LEVELS = 4;
const size = { width: 5, height: 4 };
const pixels = size.width * size.height;
const chain = buildChain({
  version: 1,
  scales: [
    tinyNetwork({
      ...{ size, channels: 1, levels: LEVELS, head: softmax, conditioning: [] },
      layers: [{ type: 'diagonal-bilstm', hidden: 8, initialState: 'zero' }],
    }),
  ],
});

/** Images whose pixels mostly repeat or follow on their left neighbour. */
function stripes(count: number, seed: number): Float32Array {
  const next = randomNumbers(seed);
  const images = new Float32Array(count * pixels);
  for (let at = 0; at < images.length; at++) {
    const isFree = at % size.width === 0 || next() < 0.1;
    images[at] = isFree ? Math.floor(LEVELS * next()) : (images[at - 1] + (next() < 0.3 ? 1 : 0)) % LEVELS;
  }
  return images;
}

/** Trains for some seconds; returns the weights and the last bits/dim. */
function train({ parameters }: Chain): { weights: Float32Array[]; bitsPerDim: number } {
  const weights = toTensors(initialiseParameters(parameters, 5n), parameters);
  const { adam } = optimisers;
  const zeros = () => weights.map((weight) => tf.keep(tf.zerosLike(weight)));
  let state: TrainingState = { weights, optimiser: adam.stateNames.map(zeros) };
  let nats = 0;
  for (let step = 1; step <= 150; step++) {
    const image = tf.tensor4d(stripes(32, step), [32, size.height, size.width, 1]);
    const gradients = computeGradients(chain, state.weights, { image, inputImage: image, conditioningInputs: {} });
    ({ state, nats } = applyUpdate(adam, { learningRate: 5e-3, step }, state, gradients));
    image.dispose();
  }
  const arrays = toArrays(state.weights);
  tf.dispose([...state.weights, ...state.optimiser.flat()]);
  return { weights: arrays, bitsPerDim: nats / Math.LN2 };
}

/**
 * Draws images and compares, image by image, the nats that the sampler reports with the summed entropies of the
 * distributions that it met: the mean difference, in standard errors.
 */
async function surprise(weights: readonly Float32Array[], temperature: number): Promise<number> {
  const [network] = chain.scales;
  const count = 500;
  const probabilities = new Float64Array(count * pixels * LEVELS);
  const levels = new Int16Array(count * pixels).fill(-1);
  const nats = await new ImageEngine(network, weights).draw(
    { scale: 0, map: null, anchors: null, references: null, levels, probabilities },
    { seed: 1, samples: count, frame: 0, settings: { temperature } },
  );
  const ofImage = pixels * LEVELS;
  const differences = Array.from(nats, (value, image) =>
    probabilities.subarray(image * ofImage, (image + 1) * ofImage).reduce((sum, p) => sum + p * Math.log(p), value),
  );
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return mean / Math.sqrt(variance / count);
}

slowTest(
  'drawn images of a trained model cost the entropy of their distributions, at temperature 1 alone',
  async () => {
    await tf.setBackend(`native-${kernelSets.at(-1)!.instructionSet}`);
    const { weights, bitsPerDim } = train(chain);
    // Two bits where nothing was learned.
    expect(bitsPerDim).toBeLessThan(1.6);
    expect(Math.abs(await surprise(weights, 1))).toBeLessThan(3);
    expect(await surprise(weights, 0.8)).toBeLessThan(-3);
    expect(await surprise(weights, 1.25)).toBeGreaterThan(3);
  },
);
