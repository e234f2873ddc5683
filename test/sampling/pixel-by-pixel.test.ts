import * as tf from '@tensorflow/tfjs-core';
import type { NetworkDescription } from '../../src/model/description.js';
import { disposeExamples } from '../../src/model/examples.js';
import type { LayerDescription } from '../../src/model/layers/index.js';
import { imageFeatures, writeSubPixel } from '../../src/model/image-input.js';
import { earlierInput } from '../../src/model/earlier-input.js';
import { anchorsByPixel, buildNetwork, conditionOf, networkOutput } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { PixelByPixel } from '../../src/sampling/pixel-by-pixel.js';
import {
  framedNetworks,
  randomExamples,
  randomWeights,
  softmax,
  tinyNetwork,
  tinyNetworks,
} from '../model/tiny-networks.js';
import { randomNumbers } from '../random.js';
import '../backend/implementations.js';

beforeAll(() => tf.setBackend('native-typescript'));

/** The whole image's outputs, each sub-pixel's from the ones before, and the same from the engine. */
function outputsOf(description: NetworkDescription, seed: number): { whole: Float32Array; stepwise: Float32Array } {
  const network = buildNetwork(description);
  const { program, conditioningParameters } = network;
  const weights = randomWeights(network, seed);
  const parameters = toTensors(weights, network.parameters);
  const engine = new PixelByPixel(program, weights.slice(conditioningParameters));
  const { size, channels } = description;
  const features = imageFeatures(description);
  let [whole, stepwise] = [new Float32Array(0), new Float32Array(0)];
  // The second image begins with the values of the first in every cache.
  for (const image of [seed, seed + 1]) {
    const examples = randomExamples(description, 1, 10 * image);
    const levelsOf = examples.image.dataSync().slice();
    const isConditional = description.conditioning.length > 0;
    const condition = isConditional ? tf.tidy(() => conditionOf(network, parameters, examples.given)!) : null;
    const output = networkOutput(network, parameters, examples.image, condition);
    whole = Float32Array.from(output.dataSync());
    const matched = condition && tf.tidy(() => earlierInput(description, examples.image, condition)?.dataSync());
    if (matched) engine.matched.set(matched);
    engine.begin(condition === null ? null : (condition.map.dataSync() as Float32Array));
    const anchors = tf.tidy(() => anchorsByPixel(network, condition, levelsOf.length / channels).dataSync());
    const anchorCount = anchors.length / levelsOf.length;
    stepwise = new Float32Array(whole.length).fill(NaN);
    for (let subPixel = 0; subPixel < levelsOf.length; subPixel++) {
      const [position, channel] = [Math.floor(subPixel / channels), subPixel % channels];
      const at = engine.compute(Math.floor(position / size.width), position % size.width, channel);
      const count = program.out.groups[channel];
      stepwise.set(engine.outputs.subarray(at, at + count), at);
      const anchorsAt = subPixel * anchorCount;
      writeSubPixel(
        ...([
          description,
          features,
          levelsOf[subPixel],
          anchors,
          anchorsAt,
          engine.image,
          subPixel * features,
        ] as const),
      );
    }
    tf.dispose([output, ...(condition ? [condition.map] : [])]);
    disposeExamples(examples);
  }
  tf.dispose(parameters);
  return { whole, stepwise };
}

function expectSameBits({ whole, stepwise }: { whole: Float32Array; stepwise: Float32Array }): void {
  const [a, b] = [whole, stepwise].map((values) => new Int32Array(values.buffer));
  const differ = a.findIndex((bits, at) => bits !== b[at]);
  if (differ >= 0) throw new Error(`output ${differ}: whole image ${whole[differ]}, stepwise ${stepwise[differ]}`);
  expect(b).toHaveLength(a.length);
}

describe('outputs sub-pixel by sub-pixel are those of the whole image, bit for bit:', () => {
  test.each([...tinyNetworks, ...framedNetworks])('%s', (_, description) => {
    expectSameBits(outputsOf(description, 1));
  });
});

/** A description with everything at random; sizes are small enough for a test of some milliseconds. */
function randomDescription(seed: number): NetworkDescription {
  const next = randomNumbers(seed);
  const from = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const layer = (): LayerDescription => {
    const [hidden, type] = [from(3, 19), (['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm'] as const)[from(0, 2)]];
    return type === 'pixel-cnn-block'
      ? { type, hidden }
      : { type, hidden, initialState: next() < 0.5 ? 'zero' : 'learned' };
  };
  return tinyNetwork({
    size: { width: from(1, 9), height: from(1, 9) },
    channels: next() < 0.5 ? 1 : 3,
    levels: from(2, 40),
    first: { kernel: [1, 3, 5, 7][from(0, 3)], features: from(3, 50) },
    layers: Array.from({ length: from(0, 3) }, layer),
    output: Array.from({ length: from(0, 2) }, () => from(3, 40)),
    head: next() < 0.5 ? softmax : { type: 'logistic-mixture', components: from(1, 5), meanScale: from(1, 30) },
    skips: next() < 0.3,
    conditioning: next() < 0.3 ? [] : [{ type: 'previous-frames', context: from(1, 3), features: from(1, 6) }],
  });
}

describe('the same holds for random descriptions:', () => {
  test.each(Array.from({ length: 24 }, (_, seed) => seed))('seed %d', (seed) => {
    const description = randomDescription(seed);
    try {
      expectSameBits(outputsOf(description, seed));
    } catch (error) {
      throw new Error(`seed ${seed}, ${JSON.stringify(description)}: ${String(error)}`, { cause: error });
    }
  });
});

test('the comparison fails where one output has another last bit', () => {
  const outputs = outputsOf(tinyNetwork({ channels: 1 }), 1);
  const bits = new Int32Array(outputs.stepwise.buffer);
  bits[17] ^= 1;
  expect(() => expectSameBits(outputs)).toThrow(/^output 17: whole image /);
});
