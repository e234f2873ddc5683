import * as tf from '@tensorflow/tfjs-core';
import { densityNats, dequantise, type ValueUnit } from '../../src/evaluation/density.js';
import { buildNetwork, scoreNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { Philox } from '../../src/foundation/philox.js';
import { randomFloats, randomInts } from '../random.js';
import { randomExamples, randomWeights, softmax, tinyNetworks } from '../model/tiny-networks.js';
import '../backend/implementations.js';
import { distribution } from '../model/reference-heads.js';

beforeEach(() => tf.setBackend('native-wasm'));

const units: ValueUnit[] = ['levels', 'range'];

describe('dequantised levels', () => {
  const image = randomInts(3000, 256, 1);
  const x = dequantise(image, 5, 0);

  test('lie strictly inside their level, whatever it is', () => {
    expect([...x].map(Math.floor)).toEqual([...image]);
    expect(x.every((value, i) => value > image[i])).toBe(true);
  });

  test('have uniform noise: mean 1/2 and variance 1/12, within four standard errors', () => {
    const noise = x.map((value, i) => value - image[i]);
    const mean = noise.reduce((sum, u) => sum + u, 0) / noise.length;
    const variance = noise.reduce((sum, u) => sum + (u - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / noise.length));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / noise.length));
  });

  test('are the same for the same seed and image, and others for another seed, image or sub-pixel', () => {
    expect(dequantise(image, 5n, 0)).toEqual(x);
    expect(dequantise(image, 6, 0)[0]).not.toBe(x[0]);
    expect(dequantise(image, 5, 1)[0]).not.toBe(x[0]);
    expect(x[1] - image[1]).not.toBe(x[0] - image[0]);
  });

  test('would leave the range in float32, which is why they are not', () => {
    const top = 255 + (2 ** 32 - 0.5) / 2 ** 32;
    expect(top).toBeLessThan(256);
    expect(Math.fround(top)).toBe(256);
  });

  test('have the first word of the Philox block of counter (image, sub-pixel, 0, 3) under the seed', () => {
    const philox = new Philox(5);
    expect(dequantise(image, 5, 2)).toEqual(Float64Array.from(image, (level, i) => level + philox.uniform(2, i, 0, 3)));
  });

  test('need a seed of 64 bits', () => {
    expect(() => dequantise(image, -1, 0)).toThrow(/seed/);
  });
});

describe("the density of a network's dequantised image is the discrete number, to the last bit:", () => {
  test.each(tinyNetworks)('%s', async (_, description) => {
    const network = buildNetwork(description);
    const parameters = toTensors(randomWeights(network, 1), network.parameters);
    const { image, conditioningInputs } = randomExamples(description, 1, 2);
    const discreteNats = (levels: ArrayLike<number>) => {
      const read = tf.tensor4d(Float32Array.from(levels), image.shape);
      const nats = tf.tidy(
        () => scoreNetwork(network, parameters, { image: read, inputImage: read, conditioningInputs }).nats,
      );
      return nats.dataSync<'float32'>().reduce((sum, value) => sum + value, 0);
    };
    const { levels } = description;
    const expected = discreteNats(image.dataSync());
    const x = dequantise(image.dataSync(), 3, 0);
    expect(await densityNats(x, levels, discreteNats)).toBe(expected);

    const scaled = x.map((value) => value / levels);
    const inRange = await densityNats(scaled, levels, discreteNats, 'range');
    expect(inRange).toBe(expected - image.size * Math.log(levels));

    // Another level, and the number is another.
    const moved = x.slice();
    moved[0] += moved[0] < 1 ? 1 : -1;
    expect(await densityNats(moved, levels, discreteNats)).not.toBe(expected);
  });
});

/** Probabilities that a softmax gives to `levels` levels. */
function probabilitiesOf(levels: number, seed: number): Float64Array {
  const into = new Float64Array(levels);
  const logits = { outputs: randomFloats(levels, seed), outputsAt: 0 };
  const pixel = { ...logits, levels: [], levelsAt: 0, anchors: [], anchorsAt: 0, anchorCount: 0 };
  distribution(softmax, levels, pixel, 0, { temperature: 1 }, into);
  return into;
}

/** The integral of the density of one sub-pixel over the whole range, by the midpoints of `points` pieces. */
async function integral(probabilities: Float64Array, unit: ValueUnit, points: number): Promise<number> {
  const levels = probabilities.length;
  const piece = (unit === 'levels' ? levels : 1) / points;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const nats = await densityNats([(i + 0.5) * piece], levels, ([k]) => -Math.log(probabilities[k]), unit);
    sum += Math.exp(-nats) * piece;
  }
  return sum;
}

describe.each(units)('in %s', (unit) => {
  test.each([2, 7, 100, 256])('the density of a sub-pixel of %i levels integrates to one', async (levels) => {
    expect(await integral(probabilitiesOf(levels, levels), unit, 20 * levels)).toBeCloseTo(1, 12);
  });

  test('what is no distribution does not integrate to one', async () => {
    const twice = probabilitiesOf(7, 1).map((p) => 2 * p);
    expect(await integral(twice, unit, 140)).toBeCloseTo(2, 12);
  });

  test('the joint density of two sub-pixels integrates to one, the second given the level of the first', async () => {
    const first = probabilitiesOf(3, 1);
    const second = [2, 3, 4].map((seed) => probabilitiesOf(3, seed));
    const joint = ([a, b]: Uint8Array) => -Math.log(first[a]) - Math.log(second[a][b]);
    const end = unit === 'levels' ? 3 : 1;
    const middles = Array.from({ length: 12 }, (_, i) => ((i + 0.5) * end) / 12);
    let sum = 0;
    for (const x of middles)
      for (const y of middles) sum += Math.exp(-(await densityNats([x, y], 3, joint, unit))) * (end / 12) ** 2;
    expect(sum).toBeCloseTo(1, 12);
  });

  test('a value outside the range has density zero, at whatever sub-pixel, and the model is not asked', async () => {
    const end = unit === 'levels' ? 100 : 1;
    const refuse = () => {
      throw new Error('asked');
    };
    for (const outside of [-1e-9, end, end + 1, -Infinity, Infinity, NaN]) {
      expect(await densityNats([outside, 0], 100, refuse, unit)).toBe(Infinity);
      expect(await densityNats([0, outside], 100, refuse, unit)).toBe(Infinity);
    }
  });

  test('the smallest and the largest double inside belong to the first and the last of 2 to 256 levels', async () => {
    for (let levels = 2; levels <= 256; levels++) {
      const largest = (unit === 'levels' ? levels : 1) * (1 - 2 ** -53);
      const asked: number[][] = [];
      await densityNats([0, largest], levels, (image) => asked.push([...image]), unit);
      expect(asked).toEqual([[0, levels - 1]]);
    }
  });
});
