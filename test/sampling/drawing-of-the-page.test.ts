import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { conditioningOf } from '../../src/conditioning/index.js';
import type { NetworkDescription } from '../../src/model/description.js';
import type { Model } from '../../src/model/checkpoint.js';
import { Context } from '../../src/model/context.js';
import { drawLevel } from '../../src/sampling/draw.js';
import { FrameSampler, type DrawnFrame } from '../../src/sampling/frame-sampler.js';
import { Noise } from '../../src/sampling/noise.js';
import { bestGuess, rollOut } from '../../src/sampling/roll-out.js';
import { completeImage } from '../../src/tasks/complete-image.js';
import { encodePng } from '../../src/video/index.js';
import { kernelSets } from '../backend/implementations.js';
import { folderWith } from '../datasets/made-files.js';
import {
  mixture,
  mixtureTogether,
  randomFrames,
  randomModel,
  sigmoid,
  softmax,
  tinyBound,
  tinyChain,
  tinyNetwork,
  warpedFrames,
} from '../model/tiny-networks.js';
import { randomNumbers } from '../random.js';
import { frame } from '../video/made-clips.js';
import {
  chooseOfPage,
  drawOfPage,
  futureOfPage,
  guessOfPage,
  philoxOfPage,
  plainly,
  uOfFuture,
  uOfPage,
  type Counter,
  type PageDraw,
} from './drawing-of-the-page.js';

const page = readFileSync('docs/checkpoint-format.md', 'utf8');

/** Rows of the page's table of random numbers: the seed, sample, frame, position, channel, scale, c0. */
const randomRows = page
  .slice(page.indexOf('To check an implementation'))
  .split('\n')
  .filter((line) => /^\| (0x)?[0-9A-F]+ /.test(line))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim())); // prettier-ignore

describe('the random numbers', () => {
  test.each(randomRows)('of seed %s, sample %s, frame %s, position %s, channel %s, scale %s are those of the page', (seed, ...rest) => {
    const [sample, frame, position, channel, scale, c0] = rest.map(Number);
    expect(philoxOfPage(BigInt(seed), [sample, frame, position, channel + 256 * scale])).toBe(c0);
    expect(new Noise(BigInt(seed)).uniform(sample, frame, position, channel, scale)).toBe((c0 + 0.5) / 2 ** 32);
  }); // prettier-ignore

  test('of futures are those of the page, also of more than eight', () => {
    const noise = new Noise(5, 8);
    for (let sample = 0; sample < 24; sample++) {
      for (let position = 0; position < 50; position++) {
        const [frame, channel, scale] = [position % 3, position % 2, sample % 2];
        const u = uOfFuture(5n, [sample, frame, position, channel + 256 * scale]);
        expect(noise.uniform(sample, frame, position, channel, scale)).toBe(u);
      }
    }
  });

  test('of the page are three rows, which are read', () => {
    expect(randomRows.map(([seed]) => seed)).toEqual(['1', '1', '0xFEDCBA9876543210']);
  });
});

describe('the level that is chosen is that of the page, also where levels are equally probable,', () => {
  const settings = [0, 0.3, 1, 2.5].flatMap((temperature) =>
    [1, 0.9, 0.5, 0.01].map((topP) => ({ temperature, topP })),
  );
  /** Few values, so that many levels are equally probable, and some impossible. */
  const distributions = (next: () => number) =>
    [2, 3, 16, 256].map((levels) => {
      const weights = Array.from({ length: levels }, () => Math.floor(next() * 7));
      weights[Math.floor(next() * levels)] = 7;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    });

  test.each(settings)('at temperature $temperature, top-p $topP', (setting) => {
    const next = randomNumbers(1);
    for (let round = 0; round < 100; round++)
      for (const p of distributions(next)) {
        const u = next();
        expect(drawLevel(Float64Array.from(p), p.length, u, setting)).toBe(chooseOfPage(p, u, setting));
      }
  });
});

/** Of few weights, since the page's drawing runs the whole network for each sub-pixel. */
const light = {
  first: { kernel: 3, features: 9 },
  layers: [{ type: 'pixel-cnn-block', hidden: 6 }],
  output: [],
} satisfies Partial<NetworkDescription>;
const small = { ...light, size: { width: 3, height: 4 }, conditioning: [] } satisfies Partial<NetworkDescription>;

interface ImageCase {
  title: string;
  scales: NetworkDescription[];
  draw?: Partial<PageDraw>;
}

const images: ImageCase[] = [
  {
    title: 'grey, softmax',
    scales: [tinyNetwork({ ...small, channels: 1, levels: 16, head: softmax })],
  },
  {
    title: 'RGB, softmax, nearer to the likeliest',
    scales: [tinyNetwork({ ...small, levels: 16, head: softmax })],
    draw: { temperature: 0.7, topP: 0.8 },
  },
  {
    title: 'RGB, softmax, hotter, of a seed of 64 bits',
    scales: [tinyNetwork({ ...small, levels: 16, head: softmax })],
    draw: { temperature: 1.7, seed: 0xfedcba98_76543210n },
  },
  {
    title: 'grey of two levels, sigmoid',
    scales: [tinyNetwork({ ...small, channels: 1, levels: 2, head: sigmoid })],
    draw: { temperature: 0.3 },
  },
  {
    title: 'RGB, colours apart, the mode',
    scales: [tinyNetwork({ ...small, head: mixture })],
    draw: { temperature: 0 },
  },
  {
    title: 'RGB, colours apart, colder components',
    scales: [tinyNetwork({ ...small, head: mixture })],
    draw: { componentTemperature: 0.5, topP: 0.9 },
  },
  {
    title: 'RGB, colours together',
    scales: [tinyNetwork({ ...small, head: mixtureTogether })],
  },
  {
    title: 'RGB, colours together, colder components',
    scales: [tinyNetwork({ ...small, head: mixtureTogether })],
    draw: { componentTemperature: 0.5 },
  },
  {
    title: 'RGB of 5 levels, colours together, hotter components, all settings at once',
    scales: [tinyNetwork({ ...small, levels: 5, head: { ...mixtureTogether, meanScale: 2 } })],
    draw: { componentTemperature: 1.6, temperature: 0.8, topP: 0.85 },
  },
  {
    title: 'RGB, layers of all kinds, each of a hidden size of its own',
    scales: [
      tinyNetwork({
        ...small,
        layers: [
          { type: 'row-lstm', hidden: 4, initialState: 'learned' },
          { type: 'pixel-cnn-block', hidden: 6 },
          { type: 'diagonal-bilstm', hidden: 5, initialState: 'zero' },
        ],
      }),
    ],
  },
  {
    title: 'a chain, shared pixels known',
    scales: tinyChain({ ...light, channels: 1, head: softmax, levels: 16, conditioning: [] }),
  },
  {
    title: 'a chain, shared pixels predicted',
    scales: tinyBound({ ...light, channels: 1, conditioning: [] }),
    draw: { componentTemperature: 0.8 },
  },
];

/** The draw of a case: sample 3 of seed 5, an image. */
const drawOf = ({ draw }: ImageCase): PageDraw => ({ ...plainly, seed: 5n, sample: 3, frame: 0, ...draw });

/** As the library draws. */
async function drawn(model: Model, { seed, sample, frame, ...draw }: PageDraw) {
  const { temperature, topP, componentTemperature, carryWithin } = draw;
  const settings = { temperature, topP, componentTemperature, carryWithin };
  const sampler = new FrameSampler(model);
  const examples = Context.examples([new Context(model.chain.exampleShape)]);
  const [image] = await sampler.draw(examples, { noise: new Noise(seed), samples: [sample], frame, settings });
  sampler.dispose();
  return image;
}

function contextOf(model: Model, frames: readonly Uint8Array[]): Context {
  const context = new Context(model.chain.exampleShape);
  for (const bytes of frames) context.push(bytes);
  return context;
}

/** Three frames of the size of a model. */
function threeFrames({ chain: { exampleShape } }: Model, seed = 4): Uint8Array[] {
  const bytes = randomFrames(exampleShape, 3, seed);
  return [0, 1, 2].map((k) => bytes.slice((k * bytes.length) / 3, ((k + 1) * bytes.length) / 3));
}

// One set for each of the two engines.
describe.each([...new Set([kernelSets[0], kernelSets.at(-1)!])].map(({ instructionSet }) => instructionSet))(
  'on %s',
  (instructionSet) => {
    beforeEach(() => tf.setBackend(`native-${instructionSet}`));

    test.each(images)('an image is what the page draws, and costs what it says: $title', async (one) => {
      const model = randomModel(one.scales);
      const { bytes, nats } = await drawn(model, drawOf(one));
      const expected = drawOfPage(model, drawOf(one));
      expect([...bytes]).toEqual([...expected.bytes]);
      expect(Math.abs(nats / expected.nats - 1)).toBeLessThan(1e-5);
    });

    const head = { ...mixtureTogether, meanScale: 4 };
    const matchedFrames = { ...warpedFrames, blockMatching: true, templateMatching: 1 };
    const videos: { title: string; scales: NetworkDescription[] }[] = [
      {
        title: 'frames that move',
        scales: [tinyNetwork({ ...small, levels: 32, head, conditioning: [warpedFrames] })],
      },
      {
        title: 'frames that move, whose motion is looked for',
        scales: [tinyNetwork({ ...small, levels: 32, head, conditioning: [{ ...matchedFrames, context: 3 }] })],
      },
      {
        title: 'frames that move, with blocks on their map',
        scales: [tinyNetwork({ ...small, levels: 32, head, conditioning: [warpedFrames], mapBlocks: 2 })],
      },
      {
        title: 'two scales, given frames',
        scales: tinyChain({ ...light, channels: 1, levels: 32, head: { ...mixture, meanScale: 4 } }),
      },
      {
        title: 'two scales, given frames that move',
        scales: tinyChain({
          ...light,
          channels: 1,
          levels: 32,
          head: { ...mixture, meanScale: 4 },
          conditioning: [warpedFrames],
        }),
      },
    ];
    describe.each(videos)('of video: $title,', ({ scales }) => {
      const model = randomModel(scales);
      const isTold = scales.some(({ conditioning }) => conditioning.some((one) => conditioningOf(one).tellsNoise));
      const asDrawn = { carry: 1, componentTemperature: 0.95, componentWarming: 0, noise: 0 };
      const carriedOn = { carry: 0.25, componentTemperature: 0.7, componentWarming: 0.1, noise: 6 };
      const cases: (typeof asDrawn & { count: number; horizon?: number })[] = [
        { count: 1, ...(isTold ? carriedOn : asDrawn) },
        { count: 3, ...(isTold ? carriedOn : asDrawn) },
        // Beyond the warmest.
        ...(isTold ? [{ count: 6, horizon: 5, ...carriedOn, componentWarming: 0.12 }] : []),
        ...(isTold ? [{ count: 3, ...asDrawn, noise: 6 }] : []),
      ];

      test.each(cases)('futures are what the page draws: %o', async ({ count, horizon = 3, ...how }) => {
        const settings = { temperature: 1, topP: 0.95, ...how };
        const known = [4, 0].flatMap((seed) => threeFrames(model, seed)).slice(0, count);
        const sampler = new FrameSampler(model);
        const samples = horizon > 3 ? [2] : [0, 2, 15];
        const future = rollOut(sampler, contextOf(model, known), { seed: 5n, samples, first: count, settings });
        const drawnFrames: DrawnFrame[][] = [];
        while (drawnFrames.length < horizon) drawnFrames.push((await future.next()).value);
        sampler.dispose();
        for (const [place, sample] of samples.entries()) {
          const draw = { ...plainly, ...settings, seed: 5n, sample, frame: count, context: known };
          const expected = futureOfPage(model, draw, horizon);
          expect(drawnFrames.map((frames) => [...frames[place].bytes])).toEqual(expected.map((bytes) => [...bytes]));
        }
      });
    });

    test('best guesses are what the page has, also between two levels and outside of all', async () => {
      const { scales } = videos[0];
      const random = randomModel(scales);
      expect(await guesses(random)).toEqual(guessOfPage(random, threeFrames(random), 2).map((bytes) => [...bytes]));
      const halfway = betweenPixels(scales);
      const frames = guessOfPage(halfway, threeFrames(halfway), 2);
      expect(await guesses(halfway)).toEqual(frames.map((bytes) => [...bytes]));
    });

    test('known motion goes on for eight best guesses, then that among guesses', async () => {
      const { scales } = videos[1];
      const model = randomModel(scales);
      const expected = guessOfPage(model, threeFrames(model), 11).map((bytes) => [...bytes]);
      expect(await guesses(model, 11)).toEqual(expected);
    });

    test('they are also expected from every second and every fourth frame, where there are enough', async () => {
      const { scales } = videos[1];
      const model = randomModel(scales);
      const known = [0, 1].flatMap((seed) => threeFrames(model, seed));
      const expected = guessOfPage(model, known, 9).map((bytes) => [...bytes]);
      expect(await guesses(model, 9, known)).toEqual(expected);
    });

    test('completions of a picture of twice the size are what the page draws', async () => {
      const model = randomModel(tinyChain({ ...light, channels: 1, conditioning: [] }));
      const picture = frame(10, 14, 3, (x, y, c) => (23 * x + 17 * y * (c + 1) + ((x * y) % 5)) % 256);
      const path = join(folderWith({ 'image.png': await encodePng(picture) }), 'image.png');
      const settings = { temperature: 1, topP: 1, componentTemperature: 0.8 };
      const { images } = await completeImage(model, path, {
        ...{ out: join(dirname(path), 'out.png'), fromRow: 3, samples: 2, settings, seed: 5, scale: 1, fit: 'crop' },
      });
      const kept = { bytes: halfSizeAndGrey(picture.data), fromRow: 3 };
      for (const [sample, { data }] of images.entries()) {
        const expected = drawOfPage(model, { ...plainly, ...settings, seed: 5n, sample, frame: 0, kept });
        expect([...data]).toEqual([...expected.bytes]);
      }
    });
  },
);

/** Best guesses of the library, after three frames where no others are given. */
async function guesses(model: Model, horizon = 2, known = threeFrames(model)): Promise<number[][]> {
  const sampler = new FrameSampler(model);
  const future = bestGuess(sampler, contextOf(model, known));
  const frames: number[][] = [];
  while (frames.length < horizon) frames.push([...(await future.next()).value]);
  sampler.dispose();
  return frames;
}

/**
 * A model that expects the mean of a pixel and its right neighbour in the last frame, so that half of the levels are ties,
 * with more red and less green, so that these leave the range.
 */
function betweenPixels(scales: NetworkDescription[]): Model {
  const model = randomModel(scales);
  const { context, flows } = warpedFrames;
  const candidates = context * flows;
  const weights = model.chain.parameters.map(({ name }, index) => {
    const zeros = model.weights[index].slice().fill(0);
    if (name.endsWith('.residual.bias')) return Float32Array.of(6, -6, 0);
    if (!name.endsWith('.motion.bias')) return zeros;
    // Half a pixel to the right, and the other frames at logits that leave them no weight.
    zeros.fill(1 / 8, candidates, 2 * candidates);
    zeros.fill(-1000, 2 * candidates, 3 * candidates - flows);
    return zeros;
  });
  return { ...model, weights };
}

/** 14x10 RGB to 7x5 grey: the mean of four pixels, rounded, then the luma, rounded. */
function halfSizeAndGrey(rgb: Uint8Array): Uint8Array {
  const round = (x: number) => Math.floor(x + 0.5);
  return Uint8Array.from({ length: 35 }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / 5), pixel % 5];
    const [r, g, b] = [0, 1, 2].map((c) => {
      const at = (y: number, x: number) => rgb[((2 * row + y) * 10 + 2 * column + x) * 3 + c];
      return round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
    });
    return round(0.299 * r + 0.587 * g + 0.114 * b);
  });
}

describe('another image comes out', () => {
  const chain = images.find(({ title }) => title.includes('shared pixels known'))!;
  const model = randomModel(chain.scales);
  const otherCounters: [string, (counter: Counter) => Counter][] = [
    ['without the scale', ([sample, frame, position, last]) => [sample, frame, position, last % 256]],
    ['with sample and frame exchanged', ([sample, frame, ...rest]) => [frame, sample, ...rest]],
    ['that counts positions from 1', ([sample, frame, position, last]) => [sample, frame, position + 1, last]],
  ];

  test.each(otherCounters)('of a counter %s', (_, other) => {
    const { bytes } = drawOfPage(model, drawOf(chain));
    const changed = drawOfPage(model, drawOf(chain), (seed, counter) => uOfPage(seed, other(counter)));
    expect([...changed.bytes]).not.toEqual([...bytes]);
  });

  test.each(images.filter(({ draw }) => draw !== undefined))('without the settings: $title', (one) => {
    const random = randomModel(one.scales);
    const [{ bytes }, plain] = [drawOf(one), drawOf({ ...one, draw: {} })].map((draw) => drawOfPage(random, draw));
    expect([...plain.bytes]).not.toEqual([...bytes]);
  });
});
