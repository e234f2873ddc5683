import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveModel } from '../../src/model/checkpoint.js';
import type { Model } from '../../src/model/model.js';
import { FrameHistory } from '../../src/conditioning/context/examples.js';
import { levelsToBytes } from '../../src/foundation/levels.js';
import { bestGuess, rollOut, type PredictedFrame } from '../../src/sampling/forecaster.js';
import { FrameSampler } from '../../src/sampling/frame-sampler.js';
import type { FrameSettings } from '../../src/model/sampling-settings.js';
import { completeImage } from '../../src/commands/sample-images/complete-image.js';
import { encodePng } from '../../src/video/index.js';
import { kernelSets } from '../backend/implementations.js';
import { folderWith } from '../datasets/made-files.js';
import { randomFrames, randomModel, tinyChain } from '../model/tiny-networks.js';
import { randomNumbers } from '../random.js';
import { drawLevel } from '../sampling/draw-level.js';
import { frame, temporaryFolder } from '../video/made-clips.js';
import {
  betweenPixels,
  futures,
  images,
  light,
  matchedModel,
  movingModel,
  type FutureCase,
  type ImageCase,
} from './draw-cases.js';
import { describeWithPytorch, run } from './python.js';

/** What pytorch_draws.py says of an image that pxv drew. */
interface Compared {
  subPixels: number;
  /** Levels that are not those of the example, after the same earlier ones. */
  off: number;
  /** How far the number of any of these is from choosing it. */
  beyond: number;
  /** Whether pxv shows its levels by the bytes that the example shows them by. */
  bytes: boolean;
  /** Whether the example, from nothing, draws all of it. */
  again: boolean;
  nats: number;
  /** Maximum distance of what is shown from what is restored there, before rounding, in levels. */
  restored?: number;
}

/** What pxv drew, to be asked about; and the answer, where it is to be the very same. */
interface Drawn {
  questions: object[];
  /** Of each image; none where pxv does not tell. */
  nats?: number[];
  answers?: unknown[];
}

interface Case {
  title: string;
  draw: () => Drawn | Promise<Drawn>;
  /** Whether the question is about another image than the one that was drawn. */
  another?: boolean;
}

/** Frames of the size of a model, three at a time. */
function framesOf({ chain: { exampleShape } }: Model, seeds: readonly number[]): Uint8Array[] {
  return seeds.flatMap((seed) => {
    const bytes = randomFrames(exampleShape, 3, seed);
    return [0, 1, 2].map((k) => bytes.slice((k * bytes.length) / 3, ((k + 1) * bytes.length) / 3));
  });
}

function historyOf(model: Model, frames: readonly Uint8Array[]): FrameHistory {
  const history = new FrameHistory(model.chain.exampleShape);
  for (const bytes of frames) history.push(bytes);
  return history;
}

const listed = (bytes: Uint8Array) => [...bytes];

/** Settings by the names of the example. */
const howOf = ({ temperature, carryWithin, maxDeviation }: FrameSettings) => ({
  temperature,
  ...(maxDeviation !== undefined && { max_deviation: maxDeviation }),
  ...(carryWithin !== undefined && { carry_within: carryWithin }),
});

const folder = temporaryFolder();
afterAll(folder.remove);
const paths = new Map<Model, string>();

/** Where a model is saved. */
function pathOf(model: Model): string {
  const path = paths.get(model) ?? join(folder.path, `${paths.size}.safetensors`);
  if (!paths.has(model)) saveModel(path, model);
  paths.set(model, path);
  return path;
}

/** Sample 3 of an image; `changes` are of the question alone. */
async function drawImage(one: ImageCase, changes: object = {}): Promise<Drawn> {
  const { model, seed = 5n } = one;
  const settings = { temperature: 1, ...one.settings };
  const sampler = new FrameSampler(model);
  const examples = FrameHistory.examples([new FrameHistory(model.chain.exampleShape)]);
  const [{ levels, nats }] = await sampler.draw(examples, { seed, samples: [3], frame: 0, settings });
  sampler.dispose();
  const asked = {
    seed: String(seed),
    sample: 3,
    frame: 0,
    how: howOf(settings),
    drawn: listed(levelsToBytes(model.chain.exampleShape, levels)),
    ...changes,
  };
  return { questions: [{ answer: 'image', model: pathOf(model), ...asked }], nats: [nats] };
}

async function drawFutures({ model, count, horizon, drawing }: FutureCase): Promise<Drawn> {
  const known = framesOf(model, [4, 0]).slice(0, count);
  const samples = horizon > 3 ? [2] : [0, 2, 15];
  const sampler = new FrameSampler({ ...model, drawing });
  const future = rollOut(sampler, historyOf(model, known), { seed: 5n, samples, frame: count });
  const drawn: PredictedFrame[][] = [];
  while (drawn.length < horizon) drawn.push((await future.next()).value);
  sampler.dispose();
  const asked = { answer: 'future', model: pathOf(model), seed: '5', how: drawing };
  const questions = samples.map((sample, place) => ({
    ...{ ...asked, sample, known: known.map(listed), drawn: drawn.map((frames) => listed(frames[place].drawn)) },
    restored:
      drawing.carry < 1 ? drawn.map((frames) => [frames[place].expected!, frames[place].bytes].map(listed)) : [],
  }));
  return { questions, nats: samples.flatMap((_, place) => drawn.map((frames) => frames[place].nats)) };
}

const completing = randomModel(tinyChain({ ...light, channels: 1, conditioning: [] }));

/** Completions of a picture of twice the size. */
async function complete(): Promise<Drawn> {
  const picture = frame(10, 14, 3, (x, y, c) => (23 * x + 17 * y * (c + 1) + ((x * y) % 5)) % 256);
  const path = join(folderWith({ 'image.png': await encodePng(picture) }), 'image.png');
  const settings = { temperature: 0.8 };
  const { images: completed } = await completeImage(completing, path, {
    ...{ out: join(dirname(path), 'out.png'), fromRow: 3, samples: 2, settings, seed: 5, scale: 1, fit: 'crop' },
  });
  const asked = { answer: 'image', model: pathOf(completing), seed: '5', frame: 0, how: howOf(settings) };
  const kept = { kept: listed(halfSizeAndGrey(picture.data)), from_row: 3 };
  const questions = completed.map(({ data }, sample) => ({ ...asked, ...kept, sample, drawn: listed(data) }));
  return { questions };
}

/** Best guesses. */
async function guess(model: Model, known: readonly Uint8Array[], horizon: number): Promise<Drawn> {
  const sampler = new FrameSampler(model);
  const future = bestGuess(sampler, historyOf(model, known));
  const frames: Uint8Array[] = [];
  while (frames.length < horizon) frames.push((await future.next()).value);
  sampler.dispose();
  const question = { answer: 'guess', model: pathOf(model), known: known.map(listed), horizon };
  return { questions: [question], answers: [frames.map(listed)] };
}

/** Levels of few probabilities, so that many are equally probable, and of some that are impossible. */
function chooseLevels(): Drawn {
  const next = randomNumbers(1);
  const drawn = [2, 3, 16, 256].flatMap((levels) =>
    [0, 0.3, 1, 2.5].map((temperature) => {
      const p = Array.from({ length: 100 }, () => {
        const weights = Array.from({ length: levels }, () => Math.floor(next() * 7));
        weights[Math.floor(next() * levels)] = 7;
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        return weights.map((weight) => weight / total);
      });
      const u = p.map(next);
      const answer = p.map((each, i) => drawLevel(Float64Array.from(each), levels, u[i], temperature));
      return { question: { answer: 'levels', p, u, temperature }, answer };
    }),
  );
  return { questions: drawn.map(({ question }) => question), answers: drawn.map(({ answer }) => answer) };
}

const halfway = betweenPixels(movingModel);
const cases: Case[] = [
  { title: 'levels, also of equal probability', draw: chooseLevels },
  ...images.map((one) => ({ title: one.title, draw: () => drawImage(one) })),
  ...futures.map((one) => ({ title: one.title, draw: () => drawFutures(one) })),
  { title: 'completions of a picture of twice the size', draw: complete },
  { title: 'best guesses', draw: () => guess(movingModel, framesOf(movingModel, [4]), 2) },
  {
    title: 'best guesses between two levels and outside of all',
    draw: () => guess(halfway, framesOf(halfway, [4]), 2),
  },
  {
    title: 'best guesses where known motion goes on for eight of them, then that among them',
    draw: () => guess(matchedModel, framesOf(matchedModel, [4]), 11),
  },
  {
    title: 'best guesses also from every second and fourth frame, where there are enough',
    draw: () => guess(matchedModel, framesOf(matchedModel, [0, 1]), 9),
  },
  ...images
    .filter(({ settings }) => settings !== undefined)
    .map((one) => ({
      title: `asked for without the settings: ${one.title}`,
      draw: () => drawImage(one, { how: {} }),
      another: true,
    })),
  ...[{ seed: '6' }, { sample: 2 }, { frame: 1 }, { sample: 0, frame: 3 }].map((which) => ({
    title: `asked for ${JSON.stringify(which)}`,
    draw: () => drawImage(images[0], which),
    another: true,
  })),
];

/** The two engines. */
const sets = [...new Set([kernelSets[0], kernelSets.at(-1)!])].map(({ instructionSet }) => instructionSet);

describeWithPytorch('what examples/pytorch draws in PyTorch', compareAll);

function compareAll(program: string): void {
  const compared: { drawn: Drawn; answers: unknown[] }[] = [];

  beforeAll(async () => {
    const all: Drawn[] = [];
    for (const set of sets) {
      await tf.setBackend(`native-${set}`);
      for (const { draw } of cases) all.push(await draw());
    }
    const script = join(import.meta.dirname, 'pytorch_draws.py');
    const input = JSON.stringify(all.flatMap(({ questions }) => questions));
    const { status, stdout, stderr } = run(program, [script], input);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const answers = JSON.parse(stdout) as unknown[];
    for (const drawn of all) compared.push({ drawn, answers: answers.splice(0, drawn.questions.length) });
  });

  const titled = sets.flatMap((set, at) =>
    cases.map(({ title, another }, index) => ({
      title: `${title}, on ${set}`,
      another,
      at: at * cases.length + index,
    })),
  );
  const same = titled.filter(({ another }) => !another);
  const imagesOf = ({ at }: { at: number }) =>
    compared[at].drawn.answers === undefined ? (compared[at].answers as (Compared | Compared[])[]).flat() : [];

  test.each(same)('is what pxv draws: $title', ({ at }) => {
    const { drawn, answers } = compared[at];
    if (drawn.answers !== undefined) expect(answers).toEqual(drawn.answers);
    for (const [image, { off, beyond, bytes, again, nats, restored = 0 }] of imagesOf({ at }).entries()) {
      expect({ bytes, again }).toEqual({ bytes: true, again: off === 0 });
      // PyTorch's outputs have other last bits: a number that is next to the border of two levels may choose the other.
      expect(beyond).toBeLessThan(1e-4);
      expect(restored).toBeLessThan(0.5001);
      if (drawn.nats !== undefined) expect(Math.abs(drawn.nats[image] / nats - 1)).toBeLessThan(1e-5);
    }
  });

  test('differs in one level of 5,000 at most', () => {
    const all = same.flatMap(imagesOf);
    const [subPixels, off] = (['subPixels', 'off'] as const).map((what) =>
      all.reduce((sum, one) => sum + one[what], 0),
    );
    expect(subPixels).toBeGreaterThan(10_000);
    expect(off).toBeLessThan(subPixels / 5000);
  });

  test.each(titled.filter(({ another }) => another))('is another image than pxv draws where it is $title', (one) => {
    const [{ off, beyond, again }] = imagesOf(one);
    expect(again).toBe(false);
    expect(off).toBeGreaterThan(0);
    expect(beyond).toBeGreaterThan(0.01);
  });
}

/** 14x10 RGB to 7x5 grey: the mean of four pixels, rounded, then the luma, rounded. */
function halfSizeAndGrey(rgb: Uint8Array): Uint8Array {
  const round = (x: number) => Math.floor(x + 0.5);
  return Uint8Array.from({ length: 35 }, (_, pixel) => {
    const row = Math.floor(pixel / 5);
    const column = pixel % 5;
    const [r, g, b] = [0, 1, 2].map((c) => {
      const at = (y: number, x: number) => rgb[((2 * row + y) * 10 + 2 * column + x) * 3 + c];
      return round((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4);
    });
    return round(0.299 * r + 0.587 * g + 0.114 * b);
  });
}
