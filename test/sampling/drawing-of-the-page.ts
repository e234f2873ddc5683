/**
 * Drawing as docs/checkpoint-format.md has it, written from that page and not from src/: slow, in float64, a pass over the
 * whole image for each sub-pixel. The networks are those of reference-network.ts, with Math.exp and Math.log.
 */
import { needsOf } from '../../src/conditioning/index.js';
import type { NetworkDescription } from '../../src/model/description.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import { parametersOfScale } from '../../src/model/chain.js';
import type { Model } from '../../src/model/checkpoint.js';
import { referenceCondition, type ReferenceCondition, type ReferenceGiven } from '../model/reference-conditioning.js';
import { referenceOutputs } from '../model/reference-network.js';
import { referenceWeights } from '../model/reference-planes.js';

/** What one image is drawn from. */
export interface PageDraw {
  seed: bigint;
  sample: number;
  frame: number;
  temperature: number;
  topP: number;
  componentTemperature: number;
  /** Share of what a drawn level has beyond its first anchor that later ones are drawn from. */
  carryWithin: number;
  /** Frames of the clip before the one that is drawn, bytes, oldest first. */
  context: readonly Uint8Array[];
  /** How many of them, the last ones, were expected. */
  expected: number;
  /** That is told. */
  noise: number;
  /** Whether templates are looked for. */
  sought: boolean;
  /** The frames that are expected at longer strides. */
  slower: readonly Uint8Array[];
  /** Of an image that is completed: its bytes, and the first row that is drawn. */
  kept: { bytes: Uint8Array; fromRow: number } | null;
}

export const plainly = {
  temperature: 1,
  topP: 1,
  componentTemperature: 1,
  carryWithin: 1,
  context: [],
  expected: 0,
  noise: 0,
  sought: true,
  slower: [],
  kept: null,
};

/** The words of a counter: sample, frame, position, channel + 256 scale. */
export type Counter = readonly [number, number, number, number];

const word = (value: bigint) => BigInt.asUintN(32, value);

/** Word c0 after the ten rounds of Philox4x32-10. */
export function philoxOfPage(seed: bigint, counter: Counter): number {
  let [k0, k1] = [word(seed), seed >> 32n];
  let [c0, c1, c2, c3] = counter.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const [a, b] = [0xd2511f53n * c0, 0xcd9e8d57n * c2];
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, word(b), (a >> 32n) ^ c3 ^ k1, word(a)];
    [k0, k1] = [word(k0 + 0x9e3779b9n), word(k1 + 0xbb67ae85n)];
  }
  return Number(c0);
}

/** The random number of a counter. */
export const uOfPage = (seed: bigint, counter: Counter) => (philoxOfPage(seed, counter) + 1 / 2) / 2 ** 32;

/** That of a future, of which eight share strata. */
export function uOfFuture(seed: bigint, [sample, ...rest]: Counter): number {
  const first = 8 * Math.floor(sample / 8);
  const own = Array.from({ length: 8 }, (_, place) => uOfPage(seed, [first + place, ...rest]));
  const ascending = [1, 2, 3, 4, 5, 6, 7].sort((a, b) => own[a] - own[b] || a - b);
  const r = sample === first ? 0 : 1 + ascending.indexOf(sample - first);
  return (own[0] + r / 8) % 1;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The level that u chooses. */
export function chooseOfPage(
  p: readonly number[],
  u: number,
  { temperature, topP }: Pick<PageDraw, 'temperature' | 'topP'>,
): number {
  const greatest = Math.max(...p);
  if (temperature === 0) return p.indexOf(greatest);
  let weights = [...p];
  if (temperature !== 1 || topP !== 1) {
    weights = p.map((each) => each / greatest);
    if (temperature !== 1) weights = weights.map((r) => (r === 1 ? 1 : Math.exp(Math.log(r) / temperature)));
  }
  if (topP < 1) {
    const enough = topP * sum(weights);
    const likeliest = weights.map((_, level) => level).sort((a, b) => weights[b] - weights[a] || a - b);
    const kept = new Set<number>();
    let reached = 0;
    for (const level of likeliest) {
      if (reached >= enough) break;
      reached += weights[level];
      kept.add(level);
    }
    weights = weights.map((weight, level) => (kept.has(level) ? weight : 0));
  }
  const border = u * sum(weights);
  let reached = 0;
  return weights.findIndex((weight) => (reached += weight) > border);
}

const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);
const logSigmoid = (x: number) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));

function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/** One pixel: the head's outputs, for each colour its anchors, and the levels of the colours before. */
interface Pixel {
  outputs: readonly number[];
  anchors: readonly (readonly number[])[];
  before: readonly number[];
}

/** P of each level of the next colour of a pixel. */
function probabilities(head: HeadDescription, levels: number, pixel: Pixel, S: number): number[] {
  const channel = pixel.before.length;
  switch (head.type) {
    case 'softmax':
      return softmax(pixel.outputs.slice(channel * levels, (channel + 1) * levels));
    case 'sigmoid':
      return [-1, 1].map((sign) => 1 / (1 + Math.exp(-sign * pixel.outputs[channel])));
    case 'logistic-mixture':
      return mixture(head, levels, pixel, S);
  }
}

type MixtureDescription = Extract<HeadDescription, { type: 'logistic-mixture' }>;

function mixture(head: MixtureDescription, levels: number, { outputs, anchors, before }: Pixel, S: number): number[] {
  const K = head.components;
  const together = head.colours === 'together';
  const k = Array.from({ length: K }, (_, component) => component);
  let at = together ? 0 : before.length * 3 * K;
  let logits = k.map(() => 0);
  let [means, scales]: number[][] = [[], []];
  const meansBefore: number[][] = [];
  for (let channel = together ? 0 : before.length; channel <= before.length; channel++) {
    const group = (which: number) => outputs.slice(at + which * K, at + (which + 1) * K);
    const [weights, offsets, logScales] = [0, 1, 2].map(group);
    if (meansBefore.length > 0)
      logits = k.map((i) => logits[i] + logP(before[channel - 1], levels, means[i], scales[i]));
    logits = k.map((i) => logits[i] + weights[i] * S);
    means = k.map((i) => anchors[channel][i % anchors[channel].length] + head.meanScale * offsets[i]);
    meansBefore.forEach((earlier, colour) => {
      const terms = group(3 + colour);
      means = means.map((mean, i) => mean + Math.tanh(terms[i]) * (before[colour] - earlier[i]));
    });
    scales = k.map((i) => S * Math.exp(clamp(logScales[i] + Math.log(3), -3, 6)));
    at += (3 + meansBefore.length) * K;
    if (together) meansBefore.push(means);
  }
  const weights = softmax(logits);
  return Array.from({ length: levels }, (_, t) =>
    sum(k.map((i) => weights[i] * Math.exp(logP(t, levels, means[i], scales[i])))),
  );
}

function logP(t: number, levels: number, mean: number, scale: number): number {
  const [below, above] = [logSigmoid((t + 0.5 - mean) / scale), logSigmoid((mean - t + 0.5) / scale)];
  if (t === 0) return below;
  return t === levels - 1 ? above : below + above + Math.log(-Math.expm1(-1 / scale));
}

const levelOf = (byte: number, levels: number) => Math.floor((byte * levels) / 256);

/** The byte round(255 t / (levels - 1)), or the nearest to it that is the level's own. */
function byteOf(level: number, levels: number): number {
  const wanted = Math.floor((255 * level) / (levels - 1) + 1 / 2);
  const own = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => levelOf(byte, levels) === level);
  return own.reduce((best, byte) => (Math.abs(byte - wanted) < Math.abs(best - wanted) ? byte : best));
}

/** A scale of a model, with where its pixels lie in the finest image. */
interface Scale {
  network: NetworkDescription;
  index: number;
  /** Pixels of the finest image for one of this scale, down and across. */
  step: number;
  finestWidth: number;
}

function scalesOf({ description: { scales } }: Model): Scale[] {
  const factor = (scale: NetworkDescription) => needsOf(scale.conditioning).coarser?.factor ?? 1;
  return scales.map((network, index) => ({
    ...{ network, index, finestWidth: scales[scales.length - 1].size.width },
    step: scales.slice(index + 1).reduce((product, later) => product * factor(later), 1),
  }));
}

/** Levels of the sub-pixels of the finest image that a scale has, of the rows of `bytes` that there are. */
function subsampled({ network, step, finestWidth }: Scale, bytes: Uint8Array): number[] {
  const { size, channels, levels } = network;
  return Array.from({ length: size.height * size.width * channels }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / channels), at % channels];
    const [row, column] = [Math.floor(pixel / size.width), pixel % size.width];
    return levelOf(bytes[(step * row * finestWidth + step * column) * channels + channel], levels);
  });
}

type PageContext = Pick<PageDraw, 'context' | 'expected' | 'noise' | 'sought' | 'slower'>;

/** What a scale is given: the frames, those that are missing replaced by the oldest, and the image before. */
function givenTo(
  scale: Scale,
  { context, expected, noise, sought }: PageContext,
  small: number[] | null,
): ReferenceGiven {
  const { conditioning, size, channels, levels } = scale.network;
  const count = needsOf(conditioning).context;
  const nothing = new Array<number>(size.height * size.width * channels).fill((levels - 1) / 2);
  const missingOf = (all: readonly Uint8Array[]) => Math.max(0, count - all.length);
  const windowOf = (all: readonly Uint8Array[]) => {
    const existing = all.slice(Math.max(0, all.length - count)).map((bytes) => subsampled(scale, bytes));
    return Array.from({ length: count }, (_, k) => existing[Math.max(k - missingOf(all), 0)] ?? nothing);
  };
  const valid = Array.from({ length: count }, (_, k) => (k < missingOf(context) ? 0 : 1));
  const since = expected === 0 ? 0 : ((expected - 1) % 8) + 1;
  const known = { frames: windowOf(context.slice(0, context.length - since)), expected: since };
  return { frames: windowOf(context), valid, noise, known, small, sought };
}

/** A condition whose first anchor is the mean of itself and of what is expected at longer strides. */
function withSlower(scale: Scale, condition: ReferenceCondition, slower: readonly Uint8Array[]): ReferenceCondition {
  if (slower.length === 0) return condition;
  const others = slower.map((frame) => subsampled(scale, frame));
  const [first, ...anchors] = condition.anchors;
  const meanAt = (at: number, level: number) =>
    others.reduce((sum, other) => sum + other[at], level) / (1 + others.length);
  return { ...condition, anchors: [Float64Array.from(first, (level, at) => meanAt(at, level)), ...anchors] };
}

const weightsOf = ({ chain, weights }: Model, index: number) =>
  referenceWeights(chain.scales[index].parameters, parametersOfScale(chain, index, weights));

/** An image, as bytes, and what its drawing cost in nats. */
export function drawOfPage(
  model: Model,
  draw: PageDraw,
  random: (seed: bigint, counter: Counter) => number = uOfPage,
): { bytes: Uint8Array; nats: number } {
  let coarse: number[] | null = null;
  let nats = 0;
  for (const scale of scalesOf(model)) {
    const { network, index, step } = scale;
    const { size, channels, levels, head, conditioning } = network;
    const weights = weightsOf(model, index);
    const given = referenceCondition(network, weights, givenTo(scale, draw, coarse));
    const condition = withSlower(scale, given, draw.slower);
    const kept = draw.kept === null ? null : subsampled(scale, draw.kept.bytes);
    const shared = needsOf(conditioning).coarser;
    const image = new Array<number>(size.height * size.width * channels).fill(0);
    const drawnFrom = [...image];
    for (let at = 0; at < image.length; at++) {
      const [position, channel] = [Math.floor(at / channels), at % channels];
      const [row, column] = [Math.floor(position / size.width), position % size.width];
      if (kept !== null && step * row < draw.kept!.fromRow) {
        drawnFrom[at] = image[at] = kept[at];
        continue;
      }
      if (shared?.known && row % shared.factor === 0 && column % shared.factor === 0) {
        const width = Math.ceil(size.width / shared.factor);
        const coarser = ((row / shared.factor) * width + column / shared.factor) * channels + channel;
        drawnFrom[at] = image[at] = coarse![coarser];
        continue;
      }
      const outputs = referenceOutputs(network, weights, drawnFrom, condition);
      const each = (outputs.length / image.length) * channels;
      const anchors = Array.from({ length: channels }, (_, c) =>
        condition.anchors.length === 0
          ? [(levels - 1) / 2]
          : condition.anchors.map((anchor) => anchor[position * channels + c]),
      );
      const before = image.slice(position * channels, at);
      const pixel = { outputs: [...outputs.slice(position * each, (position + 1) * each)], anchors, before };
      const counter = [draw.sample, draw.frame, position, channel + 256 * index] as const;
      const u = random(draw.seed, counter);
      image[at] = chooseOfPage(probabilities(head, levels, pixel, draw.componentTemperature), u, draw);
      nats -= Math.log(probabilities(head, levels, pixel, 1)[image[at]]);
      drawnFrom[at] = anchors[channel][0] + draw.carryWithin * (image[at] - anchors[channel][0]);
    }
    coarse = image;
  }
  const { levels } = model.chain.exampleShape;
  return { bytes: Uint8Array.from(coarse!, (level) => byteOf(level, levels)), nats };
}

/** How drawn frames become context for the next, and how warm these are. */
export interface PageFuture extends PageDraw {
  carry: number;
  componentWarming: number;
}

/** Frame after frame, each, or what is carried on of it, the context for the next. */
export function futureOfPage(model: Model, future: PageFuture, horizon: number): Uint8Array[] {
  const { carry, componentWarming, ...draw } = future;
  const { levels } = model.chain.exampleShape;
  const context = [...draw.context];
  return Array.from({ length: horizon }, (_, k) => {
    const componentTemperature = Math.max(
      draw.componentTemperature,
      Math.min(draw.componentTemperature + componentWarming * k, 1.12),
    );
    const slower = carry === 1 ? [] : slowerOfPage(model, context, k, draw.noise);
    const given = {
      ...draw,
      context,
      expected: carry === 1 ? 0 : k,
      sought: carry === 1,
      slower,
      componentTemperature,
      carryWithin: carry === 1 ? 1 : Math.min(0.96, componentTemperature),
    };
    const { bytes } = drawOfPage(model, { ...given, frame: draw.frame + k }, uOfFuture);
    const expected = carry === 1 ? null : expectedOfPage(model, given);
    const carried = (byte: number, at: number) => {
      const [i, e] = [byte, expected![at]].map((one) => levelOf(one, levels));
      return byteOf(Math.floor(e + carry * (i - e) + 0.5), levels);
    };
    context.push(expected === null ? bytes : bytes.map(carried));
    return bytes;
  });
}

/** The best guess, frame after frame. */
export function guessOfPage(model: Model, known: readonly Uint8Array[], horizon: number): Uint8Array[] {
  const context = [...known];
  return Array.from({ length: horizon }, (_, expected) => {
    const slower = slowerOfPage(model, context, expected, 0);
    const bytes = expectedOfPage(model, { context, expected, noise: 0, sought: true, slower });
    context.push(bytes);
    return bytes;
  });
}

/**
 * What is expected of the next frame at longer strides.
 *
 * @param frames all that were known, and those expected since
 * @param since how many of them
 */
function slowerOfPage(model: Model, frames: readonly Uint8Array[], since: number, noise: number): Uint8Array[] {
  const known = frames.length - since;
  const given = model.description.scales.map(({ conditioning }) => needsOf(conditioning).context);
  const n = since + 1;
  const C = Math.max(...given);
  const framesAt = (d: number) =>
    frames.map((_, at) => at).filter((at) => at >= known - 4 * C && (frames.length - at) % d === 0);
  const strides = [2, 4].filter(
    (d) => d <= n && (d === 2 || n % d === 0) && C > 1 && framesAt(d).filter((at) => at < known).length > 1,
  );
  return strides.map((d) => {
    const context = framesAt(d).map((at) => frames[at]);
    const expected = n % d === 0 ? n / d - 1 : 0;
    return expectedOfPage(model, { context, expected, noise, sought: true, slower: [] });
  });
}

/** The frame that is expected after a context. */
function expectedOfPage(model: Model, after: PageContext): Uint8Array {
  const scale = scalesOf(model).at(-1)!;
  const { network, index } = scale;
  // Anchors do not depend on the image at the scale before.
  const given = givenTo(scale, after, null);
  const conditioning = network.conditioning.filter((one) => needsOf([one]).coarser === null);
  const condition = referenceCondition({ ...network, conditioning }, weightsOf(model, index), given);
  const { anchors } = withSlower(scale, condition, after.slower);
  const levels = Array.from(anchors[0], (anchor) => toEven(clamp(anchor, 0, network.levels - 1)));
  return Uint8Array.from(levels, (level) => byteOf(level, network.levels));
}

/** The nearest integer; of two that are equally near, the even one. */
function toEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.floor(x + 0.5);
  return below % 2 === 0 ? below : below + 1;
}
