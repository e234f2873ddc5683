import * as tf from '@tensorflow/tfjs-core';
import { Float64Program } from '../../../src/evaluation/check/float64-program.js';
import type { Network } from '../../../src/model/network.js';
import { toTensors } from '../../../src/model/weights.js';
import { runWholeImage } from '../../../src/model/whole-image.js';
import { TOLERANCES } from '../../backend/tolerances.js';
import { checkGradient } from '../../gradient-check.js';
import { randomWeights } from '../../model/tiny-networks.js';
import { randomFloats } from '../../random.js';
import '../../backend/implementations.js';
import { checkedNetwork, checkedNetworks, lookedForNetworks, withConv } from './checked-networks.js';

beforeAll(() => tf.setBackend('native-typescript'));

/** What a network's program reads, and its weights, all random. */
function randomInputs(network: Network) {
  const { program, conditioningParameters } = network;
  const { size, image, map, matched } = program;
  const plane = (features: number, seed: number) => randomFloats(size.height * size.width * features, seed);
  const weights = randomWeights(network, 3).slice(conditioningParameters);
  return {
    weights,
    image: plane(image.features, 1),
    map: map && plane(map.features, 2),
    matched: matched && plane(matched.features, 4),
  };
}

const float64 = ({ program }: Network, weights: Float32Array[]) =>
  new Float64Program(
    program,
    weights.map((values) => Float64Array.from(values)),
  );

test.each([...checkedNetworks, ...lookedForNetworks])(
  'outputs in float64 are those of the whole-image executor: %s',
  (_, network) => {
    const { program } = network;
    const { weights, image, map, matched } = randomInputs(network);
    const { height, width } = program.size;
    const tensor = (values: Float32Array, features: number) =>
      tf.tensor4d(values.slice(), [1, height, width, features]);
    const expected = tf.tidy(() =>
      runWholeImage(
        program,
        toTensors(weights, program.parameters),
        tensor(image, program.image.features),
        map && tensor(map, program.map!.features),
        { matched: matched && tensor(matched, program.matched!.features) },
      ).dataSync(),
    );
    const received = float64(network, weights).run(image, map, matched);
    // As many roundings as the longest way from the image to the head has convolutions.
    const tolerance = 8 * TOLERANCES.convolution;
    const apart = received.findIndex(
      (value, at) => !(Math.abs(value - expected[at]) <= tolerance * Math.max(1, Math.abs(value))),
    );
    expect(received.length).toBe(expected.length);
    expect(apart).toBe(-1);
  },
);

/** Compares the gradient of one output group with differences of the outputs of `network`. */
function compareGradient(gradientOf: Network, network: Network): void {
  const { program } = network;
  const { weights, image, map } = randomInputs(network);
  const [pixel, group] = [27, program.out.groups.length - 1];
  const count = program.out.groups[group];
  const direction = randomFloats(count, 9);
  const own = float64(gradientOf, weights);
  own.run(image, map);
  const gradient = own.imageGradient(pixel, group, direction).slice();
  const other = float64(network, weights);
  checkGradient({
    name: 'image',
    x: image,
    gradient,
    step: 1e-6,
    value: (x) => {
      const start = pixel * program.out.features + group * count;
      return other.run(x, map).reduce((sum, value, at) => {
        const k = at - start;
        return k >= 0 && k < count ? sum + value * direction[k] : sum;
      }, 0);
    },
  });
}

test.each(checkedNetworks)('gradients are those of differences of the outputs: %s', (_, network) => {
  compareGradient(network, network);
});

test('the comparison fails where one tap is another', () => {
  const network = checkedNetwork('row-lstm', 1, false);
  const moved = withConv(network, 'layers.1.input', (shape) => ({
    ...shape,
    taps: shape.taps.map((tap, index) => (index === 0 ? { ...tap, dx: 0 } : tap)),
  }));
  expect(() => compareGradient(moved, network)).toThrow(/^image: gradient /);
});
