import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { headKernels } from '../../src/backend/kernels/heads.js';
import type { Channels } from '../../src/foundation/frame.js';
import type { Network } from '../../src/model/network.js';
import { ProgramBuilder } from '../../src/model/program.js';
import { countHeadOutputs, getHead, heads, type HeadDescription } from '../../src/model/heads/index.js';
import type { FrameSettings } from '../../src/model/sampling-settings.js';
import { ImageEngine } from '../../src/sampling/engine.js';
import { implementations, kernelSets } from '../backend/implementations.js';
import { log } from '../elementary.js';
import { checkGradient } from '../gradient-check.js';
import { randomFloats } from '../random.js';
import { drawLevel } from '../sampling/draw-level.js';
import { uniform } from '../sampling/uniform.js';
import { distribution, quantile, referenceHeadNats, type PixelView } from './reference-heads.js';
import { mixture, mixtureTogether, sigmoid, softmax, tinyNetwork } from './tiny-networks.js';

const backends = implementations.flatMap(({ backend }) => backend ?? []);

/** Beyond so many nats a probability is no float64 any more, and no sampler meets it. */
const LARGEST_NATS = 700;

interface HeadCase {
  title: string;
  head: HeadDescription;
  levels: number;
  /** Of a pixel: for each channel in turn its anchors. */
  anchors: number[];
  /** Of a pixel. */
  outputs: ArrayLike<number>;
  /** Levels of the channels before the one that is looked at, of a pixel of three; none: of grey pixels. */
  earlier?: number[];
  /** Of nats, relative to 1 or to the nats, whichever is larger. */
  tolerance?: number;
}

/** Weight logits, mean offsets and log-scale offsets of a mixture of two. */
const two = (title: string, levels: number, anchor: number, outputs: number[]): HeadCase => ({
  title: `a mixture ${title}`,
  head: mixture,
  levels,
  anchors: [anchor],
  outputs,
});

/** A mixture that starts from the middle level, as it does in a network that is given nothing. */
const unanchored = (levels: number, outputs: ArrayLike<number>): HeadCase => ({
  title: `a mixture without an anchor over ${levels} levels`,
  head: { ...mixture, components: outputs.length / 3, meanScale: (levels - 1) / 2 },
  levels,
  anchors: [(levels - 1) / 2],
  outputs,
});

const logit = (x: number): HeadCase => ({
  title: `a sigmoid of logit ${x}`,
  head: sigmoid,
  levels: 2,
  anchors: [0],
  outputs: [x],
});

/** Of a pixel of three colours, of which the first are known. */
const ofPixel = (title: string, head: HeadDescription, levels: number, each: number, earlier: number[]): HeadCase => ({
  title: `${title}, ${levels} levels, ${each} anchors, after ${JSON.stringify(earlier)}`,
  head,
  levels,
  anchors: Array.from(randomFloats(3 * each, levels), (x) => ((x + 1) / 2) * (levels - 1)),
  outputs: randomFloats(
    countHeadOutputs(head, levels, 3).reduce((sum, count) => sum + count, 0),
    levels + each,
  ),
  earlier,
});

/** A grey sigmoid of 256 levels. */
const grey = (x: number, anchor: number): HeadCase => ({
  title: `a grey sigmoid of logit ${x} from the level ${anchor}`,
  head: { type: 'grey-sigmoid' },
  levels: 256,
  anchors: [anchor],
  outputs: [x],
});

const headNames = Object.keys(heads) as HeadDescription['type'][];

const cases: HeadCase[] = [
  ...[2, 3, 16, 255, 256].map((levels) => ({
    title: `a softmax over random logits of ${levels} levels`,
    head: softmax,
    levels,
    anchors: [0],
    outputs: randomFloats(levels, levels),
  })),
  {
    title: 'a softmax over large logits',
    head: softmax,
    levels: 256,
    anchors: [0],
    outputs: randomFloats(256, 2).map((x) => 300 * x),
  },
  ...[0, 0.7, -3, 20, -20, 90, -90, 1000].map(logit),
  two('around its anchor', 256, 100, [0.3, -0.2, 0.1, -0.4, 0.5, -0.5]),
  // A scale of a twentieth of a level makes the rounding of the mean to float32 count twenty times.
  { ...two('with the smallest scales', 256, 100, [0, 0, 0.03, 5, -100, -100]), tolerance: 3e-4 },
  two('with the largest scales', 256, 100, [0, 1, 0, 1, 100, 100]),
  two('with means far below 0', 256, 0, [0, 0, -60, -30, 3, 4]),
  two('with means far above 255', 256, 255, [0, 0, 60, 30, 3, 4]),
  two('whose anchor is at the first level', 256, 0, [0, 0, 0, 0, -1, 0]),
  two('whose anchor is at the last level', 256, 255, [0, 0, 0, 0, -1, 0]),
  two('one of whose components has hardly any weight', 256, 128, [40, -40, 0, 3, 0, 0]),
  two('over 2 levels', 2, 0.5, [0, 0.5, 0.02, -0.01, -1, 0]),
  two('over 2 levels, with means far outside', 2, 1, [0, 0, 20, -20, 0, 1]),
  ...[2, 3, 16, 255, 256].map((levels) => unanchored(levels, randomFloats(15, levels))),
  ...[[], [20], [20, 200]].flatMap((earlier) => [
    ofPixel('a mixture of colours apart', mixture, 256, 2, earlier),
    ofPixel('a mixture of colours together', mixtureTogether, 256, 2, earlier),
  ]),
  // The first and the last level among those that are known.
  ofPixel('a mixture of colours together', { ...mixtureTogether, meanScale: 2 }, 5, 1, [0, 4]),
  ofPixel('a mixture of colours together', { ...mixtureTogether, meanScale: 1 }, 2, 3, [1, 0]),
  ofPixel('a softmax of a pixel', softmax, 5, 1, [3]),
  ...[0, 100, 255].flatMap((anchor) => [-90, -20, -0.7, 0, 3, 20, 90].map((x) => grey(x, anchor))),
  ...headNames.map((name) => {
    const levels = Math.min(16, headKernels[name].maxLevels);
    const head = heads[name].preset({ channels: 3, levels });
    return ofPixel(`a ${name} as networks have it`, head, levels, 1, [1, 0]);
  }),
];

const hasLikelihood = ({ head }: HeadCase) => getHead(head).isLikelihood;

const channelsOf = ({ earlier }: HeadCase): Channels => (earlier === undefined ? 1 : 3);

/** The pixel as the sampler sees it; the outputs stand behind others. */
function pixelOf(given: HeadCase): PixelView {
  const { anchors, outputs, earlier = [] } = given;
  const values = Float32Array.from([9, 9, 9, ...Array.from(outputs)]);
  // What is not known yet is not read.
  const known = Array.from({ length: channelsOf(given) }, (_, channel) => earlier[channel] ?? NaN);
  return {
    ...{ outputs: values, outputsAt: 3, levels: known, levelsAt: 0 },
    ...{ anchors, anchorsAt: 0, anchorCount: anchors.length / known.length },
  };
}

function distributionOf(given: HeadCase, temperature = 1, maxDeviation = Infinity): Float64Array {
  const { head, levels, earlier = [] } = given;
  const into = new Float64Array(levels).fill(-1);
  distribution(head, levels, pixelOf(given), earlier.length, { temperature, maxDeviation }, into);
  return into;
}

/** The outputs once for each of `rows` rows. */
function repeated({ outputs }: HeadCase, rows: number): Float32Array {
  return Float32Array.from({ length: rows * outputs.length }, (_, at) => outputs[at % outputs.length]);
}

/** Pixels that have each of some levels in the channel that is looked at; in later ones, where there are any, 0. */
function pixelsOf(given: HeadCase, targets: number[]): number[][] {
  const { earlier = [] } = given;
  return targets.map((target) => [...earlier, target, 0, 0].slice(0, channelsOf(given)));
}

/** Nats of the channels of pixels, on the backend in use, as a function of the outputs for each. */
function natsOf({ head, levels, anchors }: HeadCase, pixels: number[][]): (outputs: Tensor2D) => Tensor2D {
  return (outputs) =>
    getHead(head).nats(
      head,
      levels,
      outputs,
      tf.tensor2d(pixels, undefined, 'int32'),
      tf.tensor2d(pixels.map(() => anchors)),
    );
}

const allLevels = ({ levels }: HeadCase) => Array.from({ length: levels }, (_, level) => level);

/** Where -log of a distribution is not the nats of the levels, one line for each level. */
function disagreements(given: HeadCase, probabilities: Float64Array): string[] {
  const targets = allLevels(given);
  const rows = tf.tensor2d(repeated(given, targets.length), [targets.length, given.outputs.length]);
  const nats = natsOf(given, pixelsOf(given, targets))(rows);
  const received = nats.arraySync().map((pixel) => pixel[given.earlier?.length ?? 0]);
  tf.dispose([rows, nats]);
  return targets.flatMap((level) => {
    if (received[level] > LARGEST_NATS) return probabilities[level] < 1e-300 ? [] : [`level ${level}: no longer 0`];
    const expected = -Math.log(probabilities[level]);
    const error = Math.abs(received[level] - expected) / Math.max(1, expected);
    const isClose = error <= (given.tolerance ?? 2e-5);
    return isClose ? [] : [`level ${level}: -log p ${expected}, nats ${received[level]}`];
  });
}

test.each(cases)('the distribution of $title sums to one', (given) => {
  const probabilities = distributionOf(given);
  expect(probabilities.every((p) => p >= 0)).toBe(true);
  expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
  expect(probabilities.length).toBe(given.levels);
});

test.each(cases.filter(({ head }) => head.type === 'logistic-mixture'))(
  'a level of $title is found by halving where the distribution adds up to it',
  (given) => {
    const { head, levels, earlier = [] } = given;
    if (head.type !== 'logistic-mixture') throw new TypeError('only of a mixture');
    const temperature = 0.8;
    let below = 0;
    for (const [level, probability] of distributionOf(given, temperature).entries()) {
      const above = below + probability;
      const margin = 1e-12;
      if (probability > 2 * margin)
        for (const u of [below + margin, above - margin])
          expect(quantile(head, levels, pixelOf(given), earlier.length, { temperature }, u)).toBe(level);
      below = above;
    }
  },
);

/** A network of one pixel whose outputs are those of a case, whatever the image is. */
function constantNetwork({ head, levels, anchors }: HeadCase, channels: Channels): Network {
  const size = { width: 1, height: 1 };
  const builder = new ProgramBuilder(size, channels, 1, 0);
  const features = countHeadOutputs(head, levels, channels);
  const program = builder.finish(builder.conv(builder.image, { name: 'head', kernel: 1, features }));
  // Each gives one anchor.
  const conditioning = Array.from({ length: anchors.length / channels }, () => tinyNetwork().conditioning[0]);
  const description = tinyNetwork({ size, channels, levels, head, conditioning });
  return { description, program, parameters: program.parameters, conditioningParameters: 0 };
}

const MIXTURE_DRAWS: FrameSettings[] = [
  ...[1, 0.8, 0.01, 0.0001, 1000].map((temperature) => ({ temperature })),
  { temperature: 1, maxDeviation: 2 },
  { temperature: 0.9, maxDeviation: 40 },
];

const bitsOf = (values: Float64Array) => new BigInt64Array(values.buffer).join();

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('the engine on %s', (instructionSet) => {
  test.each(cases)(
    'has the probabilities of the reference, draws from them and counts nats as it does, bit for bit: $title',
    async (given) => {
      const { head, levels, outputs, anchors, earlier = [] } = given;
      const channels = channelsOf(given);
      const network = constantNetwork(given, channels);
      const weights = new Float32Array(network.parameters[0].shape.reduce((all, side) => all * side, 1));
      const engine = new ImageEngine(network, [weights, Float32Array.from(outputs)], instructionSet);
      const samples = 8;
      const draws = head.type === 'logistic-mixture' ? MIXTURE_DRAWS : [{ temperature: 1 }];
      for (const draw of draws) {
        const drawn = Int16Array.from(
          Array.from({ length: samples }, () => [...earlier, -1, -1, -1].slice(0, channels)).flat(),
        );
        const probabilities = new Float64Array(samples * channels * levels);
        const all = Float32Array.from({ length: samples * anchors.length }, (_, at) => anchors[at % anchors.length]);
        const nats = await engine.draw(
          { scale: 0, map: null, references: null, anchors: all, levels: drawn, probabilities },
          { seed: 3, samples, frame: 0, settings: draw },
        );

        const expected = new Float64Array(probabilities.length);
        const expectedNats = new Float64Array(samples);
        for (let at = 0; at < samples * channels; at++) {
          const sample = Math.floor(at / channels);
          const channel = at % channels;
          const pixel = {
            ...pixelOf(given),
            anchors: Float32Array.from(anchors),
            levels: drawn,
            levelsAt: sample * channels,
          };
          const into = expected.subarray(at * levels, (at + 1) * levels);
          const reference = { ...draw, maxDeviation: (draw.maxDeviation ?? Infinity) * ((levels - 1) / 255) };
          distribution(head, levels, pixel, channel, reference, into);
          if (channel < earlier.length) continue;
          const u = uniform(3, { sample, frame: 0, scale: 0 }, 0, channel);
          expect(drawn[at]).toBe(
            head.type === 'logistic-mixture'
              ? quantile(head, levels, pixel, channel, reference, u)
              : drawLevel(into, levels, u, 1),
          );
          const scored = new Float64Array(levels);
          distribution(head, levels, pixel, channel, { temperature: 1 }, scored);
          expectedNats[sample] -= log(scored[drawn[at]]);
        }
        expect(bitsOf(probabilities)).toBe(bitsOf(expected));
        expect(bitsOf(nats)).toBe(bitsOf(expectedNats));
      }
    },
  );
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each(cases.filter(hasLikelihood))('the nats of every level are -log of the distribution of $title', (given) => {
    expect(disagreements(given, distributionOf(given))).toEqual([]);
  });

  test.each(cases.filter((given) => !hasLikelihood(given)))(
    'the nats of every level are the cross-entropy with it, whose mean is drawn: $title',
    (given) => {
      const levels = allLevels(given);
      const pixels = pixelsOf(given, levels);
      const [rows, channel] = [repeated(given, levels.length), given.earlier?.length ?? 0];
      const nats = tf
        .tidy(() => natsOf(given, pixels)(tf.tensor2d(rows, [levels.length, given.outputs.length])).arraySync())
        .map((pixel) => pixel[channel]);
      const all = pixels.flatMap(() => given.anchors);
      const expected = referenceHeadNats(given.head, given.levels, channelsOf(given), rows, pixels.flat(), all);
      levels.forEach((level) => {
        const reference = expected[level * pixels[0].length + channel];
        expect(Math.abs(nats[level] - reference)).toBeLessThan(1e-5 * Math.max(1, reference));
      });
      const last = given.levels - 1;
      const mean = last / (1 + Math.exp(nats[last] - nats[0]));
      expect(Math.abs(distributionOf(given).indexOf(1) - mean)).toBeLessThan(0.501);
    },
  );

  test('nats that are not those of the distribution are found', () => {
    const here = two('here', 256, 100, [0.3, -0.2, 0.1, -0.4, 0.5, -0.5]);
    expect(disagreements(here, distributionOf({ ...here, anchors: [101] })).length).toBeGreaterThan(200);
    expect(disagreements(logit(0.7), distributionOf(logit(-0.7)))).toHaveLength(2);
    const together = ofPixel('together', mixtureTogether, 256, 2, [20, 200]);
    expect(disagreements(together, distributionOf({ ...together, earlier: [21, 200] })).length).toBeGreaterThan(100);
  });

  test.each(cases)('the gradients of the nats are those of the float64 reference: $title', (given) => {
    checkGradient({ name: given.title, ...gradientCase(given), step: 1e-5, tolerance: given.tolerance ?? 1e-4 });
  });

  test('a gradient that is one percent off is found', () => {
    const { x, gradient, value } = gradientCase(logit(0.7));
    const check = { name: 'off', x, value, gradient: gradient.map((partial) => 1.01 * partial) };
    expect(() => checkGradient(check)).toThrow('off: gradient');
  });
});

/** The gradient of a weighted sum of the nats of up to seven levels, and that sum in float64. */
function gradientCase(given: HeadCase) {
  const { head, levels, anchors, outputs } = given;
  const probabilities = distributionOf(given);
  // The reference is a quotient of probabilities, so it needs some that are numbers.
  const possible = allLevels(given).filter((level) => probabilities[level] > 1e-100 || !hasLikelihood(given));
  const targets = possible.filter((_, i) => i % Math.ceil(possible.length / 6) === 0 || i === possible.length - 1);
  const pixels = pixelsOf(given, targets);
  const dNats = pixels.map((pixel, i) => [...randomFloats(pixel.length, 4 + i, 0.1)]);
  const x = repeated(given, targets.length);
  const gradient = tf.tidy(() =>
    tf
      .grad((rows) => natsOf(given, pixels)(rows as Tensor2D))(
        tf.tensor2d(x, [targets.length, outputs.length]),
        tf.tensor2d(dNats),
      )
      .dataSync<'float32'>(),
  );
  const all = pixels.flatMap(() => anchors);
  const value = (rows: Float64Array) =>
    referenceHeadNats(head, levels, channelsOf(given), rows, pixels.flat(), all).reduce(
      (sum, nats, i) => sum + dNats.flat()[i] * nats,
      0,
    );
  return { x, gradient, value };
}

test('the two sides of a mixture are equally exact: probabilities mirror around the mean', () => {
  const probabilities = distributionOf(two('in the middle', 256, 127.5, [0, 0, 0, 0, -1, -1]));
  for (let level = 0; level < 128; level++) {
    expect(Math.log(probabilities[level])).toBeCloseTo(Math.log(probabilities[255 - level]), 9);
  }
});

describe('a mixture without an anchor', () => {
  const likeliest = (given: HeadCase) => {
    const probabilities = distributionOf(given);
    return probabilities.indexOf(Math.max(...probabilities));
  };
  /** One narrow logistic at an output for its mean. */
  const at = (levels: number, mean: number) => unanchored(levels, [0, mean, -4]);

  test('has the whole range in reach of outputs from -1 to 1, with 2 to 256 levels', () => {
    for (let levels = 2; levels <= 256; levels++) {
      expect([-1, 1].map((mean) => likeliest(at(levels, mean)))).toEqual([0, levels - 1]);
      const middle = likeliest(at(levels, 0.001));
      expect(middle).toBe(Math.round((levels - 1) / 2));
    }
  });

  test('has only the middle of it with the mean scale of one that has an anchor', () => {
    const near = (mean: number): HeadCase => ({
      ...at(256, mean),
      head: { ...mixture, components: 1 },
    });
    expect([-0.98, 0.98].map((mean) => likeliest(near(mean)))).toEqual([112, 143]);
  });
});

describe('colours together', () => {
  const levels = 4;
  const head = { ...mixtureTogether, meanScale: 1 };
  const given = ofPixel('of 4 levels', head, levels, 1, []);
  const every = Array.from({ length: levels ** 3 }, (_, i) => [i >> 4, (i >> 2) & 3, i & 3]);

  /** P of a pixel as its colours are drawn one after another, each given those before. */
  const probabilityOf = (pixel: number[], outputs: ArrayLike<number>) =>
    pixel.reduce(
      (product, level, channel) =>
        product * distributionOf({ ...given, outputs, earlier: pixel.slice(0, channel) })[level],
      1,
    );

  test('give all pixels of 4 levels probabilities that sum to one', () => {
    const sum = every.reduce((total, pixel) => total + probabilityOf(pixel, given.outputs), 0);
    expect(sum).toBeCloseTo(1, 12);
  });

  test('are one mixture of whole pixels where green and blue do not correct the choice', () => {
    const outputs = Float32Array.from(given.outputs);
    const { components } = head;
    for (const weights of [3, 7]) outputs.fill(0, weights * components, (weights + 1) * components);
    const at = (index: number, k: number) => outputs[index * components + k];
    const sigma = (x: number) => 1 / (1 + Math.exp(-x));
    /** P of a level of channel c, whose outputs are the blocks from `first` on, about a mean. */
    const logistic = (level: number, mean: number, first: number, k: number) => {
      const scale = Math.exp(Math.min(Math.max(at(first + 2, k) + Math.log(3), -3), 6));
      const upper = level === levels - 1 ? 1 : sigma((level + 0.5 - mean) / scale);
      return upper - (level === 0 ? 0 : sigma((level - 0.5 - mean) / scale));
    };
    const total = [0, 1, 2].reduce((sum, k) => sum + Math.exp(at(0, k)), 0);
    for (const [r, g, b] of every) {
      const expected = [0, 1, 2].reduce((sum, k) => {
        const red = given.anchors[0] + at(1, k);
        const green = given.anchors[1] + at(4, k) + Math.tanh(at(6, k)) * (r - red);
        const blue =
          given.anchors[2] + at(8, k) + Math.tanh(at(10, k)) * (r - red) + Math.tanh(at(11, k)) * (g - green);
        const p = logistic(r, red, 0, k) * logistic(g, green, 3, k) * logistic(b, blue, 7, k);
        return sum + (Math.exp(at(0, k)) / total) * p;
      }, 0);
      expect(probabilityOf([r, g, b], outputs)).toBeCloseTo(expected, 12);
    }
  });
});

test('a mixture that is too wide is contracted about its mean, any other is left', () => {
  const given = two('of two', 256, 100, [0.9, -0.9, 1, -1, 0, 0.5]);
  const moments = (probabilities: Float64Array) => {
    const mean = probabilities.reduce((sum, p, level) => sum + p * level, 0);
    return [mean, Math.sqrt(probabilities.reduce((sum, p, level) => sum + p * (level - mean) ** 2, 0))];
  };
  const [mean, deviation] = moments(distributionOf(given));
  expect(deviation).toBeGreaterThan(3);
  const [center, contracted] = moments(distributionOf(given, 1, 2));
  expect(center).toBeCloseTo(mean, 1);
  // Levels are whole, which adds a variance of 1/12.
  expect(Math.sqrt(contracted ** 2 - 1 / 12)).toBeCloseTo(2, 1);
  expect(distributionOf(given, 1, 2 * deviation)).toEqual(distributionOf(given));
});

describe('the temperature of a mixture', () => {
  const given = two('of two', 256, 100, [0.9, -0.9, 1, -1, 0, 0.5]);

  test('multiplies the logits of the weights and the scales, and leaves the means', () => {
    const tempered = distributionOf(given, 0.5);
    const expected = distributionOf({ ...given, outputs: [0.45, -0.45, 1, -1, Math.log(0.5), 0.5 + Math.log(0.5)] });
    tempered.forEach((p, level) => expect(Math.abs(p / expected[level] - 1)).toBeLessThan(1e-4));
  });

  test.each([0.001, 0.3, 1000])('of %d leaves a distribution, of colours together as well', (temperature) => {
    for (const one of [given, ofPixel('together', mixtureTogether, 256, 2, [0, 255])]) {
      const probabilities = distributionOf(one, temperature);
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    }
  });
});
