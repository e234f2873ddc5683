import * as tf from '@tensorflow/tfjs-core';
import { buildNetwork, scoreNetwork, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { ImageEngine } from '../../src/sampling/engine.js';
import { kernelSets } from '../backend/implementations.js';
import { mixture, mixtureTogether, randomWeights, softmax, tinyNetwork } from '../model/tiny-networks.js';

const LEVELS = 4;
const COUNT = 20_000;

/**
 * The probability of every image of one pixel, as it is scored; the levels of the pixel are the digits of its index.
 */
function probabilitiesOf(network: Network, weights: Float32Array[]): Float32Array {
  const parameters = toTensors(weights, network.parameters);
  const probabilities = tf.tidy(() => {
    const digits = Array.from({ length: LEVELS ** 3 }, (_, index) => [index >> 4, (index >> 2) & 3, index & 3]);
    const image = tf.tensor4d(digits.flat(), [digits.length, 1, 1, 3]);
    const nats = scoreNetwork(network, parameters, { image, inputImage: image, conditioningInputs: {} }).nats;
    return tf.exp(tf.neg(tf.sum(nats, 1))).dataSync<'float32'>();
  });
  tf.dispose(parameters);
  return probabilities;
}

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  beforeAll(() => tf.setBackend(`native-${instructionSet}`));

  test.each([
    { title: 'a softmax', head: softmax },
    { title: 'a mixture of colours apart', head: { ...mixture, meanScale: 2 } },
    { title: 'a mixture of colours together', head: { ...mixtureTogether, meanScale: 2 } },
  ])('of $title, all pixels of 4 levels sum to one, and are drawn as often as they are probable', async ({ head }) => {
    const network = buildNetwork(
      tinyNetwork({ size: { width: 1, height: 1 }, levels: LEVELS, head, conditioning: [] }),
    );
    const weights = randomWeights(network, 2);
    const probabilities = probabilitiesOf(network, weights);
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);

    const levels = new Int16Array(3 * COUNT).fill(-1);
    const nats = await new ImageEngine(network, weights).draw(
      { scale: 0, map: null, anchors: null, references: null, levels },
      { seed: 1, samples: COUNT, frame: 0, settings: { temperature: 1 } },
    );
    const counts = new Float64Array(probabilities.length);
    let furthest = 0;
    nats.forEach((drawn, image) => {
      const [r, g, b] = levels.subarray(3 * image);
      const index = 16 * r + 4 * g + b;
      counts[index]++;
      furthest = Math.max(furthest, Math.abs(drawn + Math.log(probabilities[index])));
    });
    expect(furthest).toBeLessThan(1e-4);
    const chiSquare = probabilities.reduce((sum, p, index) => sum + (counts[index] - COUNT * p) ** 2 / (COUNT * p), 0);
    // 63 degrees of freedom: above 115 and below 27 once in ten thousand times each.
    expect(chiSquare).toBeLessThan(115);
    expect(chiSquare).toBeGreaterThan(27);
  });
});
