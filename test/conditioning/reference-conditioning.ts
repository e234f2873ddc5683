/**
 * Feature maps and anchors of conditionings in float64, written from their definitions. Anchors are in levels.
 */
import type { ConditioningDescription } from '../../src/conditioning/index.js';
import type { Size } from '../../src/foundation/frame.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { blockMatching } from '../backend/block-matching-reference.js';
import { motionExtrapolation } from '../backend/motion-extrapolation-reference.js';
import { motionTrajectory } from '../backend/motion-trajectory-reference.js';
import { warpedMixture } from '../backend/warp-reference.js';
import {
  concatenate,
  convolve,
  relu,
  sum,
  transposed,
  type Numbers,
  type Plane,
  type ReferenceWeights,
} from '../model/reference-planes.js';

/** What is given with one image, in levels. */
export interface ReferenceGiven {
  /** Oldest first; empty for an unconditional network. */
  frames: Numbers[];
  /** 1 or 0 for each frame. */
  valid: number[];
  /** Strength of the noise that the network is told of. */
  noise: number;
  /** Where frames are expected ones: those known before, as `frames`, and how many were expected since. */
  known?: { frames: Numbers[]; valid?: number[]; expected: number };
  /** The image at the scale before; null where there is none. */
  small: Numbers | null;
  /** Whether templates are looked for, where there are some; default: they are. */
  searched?: boolean;
}

export interface ReferenceCondition {
  map: Plane | null;
  /** height x width x channels each. */
  anchors: Numbers[];
  /** Pictures to look for parts of the image in, the newest first, as the anchors. */
  references?: Numbers[];
  /** Whether it is looked for in them; default: it is. */
  searched?: boolean;
  /** What errors are regressed against, where they are: the expected picture that is taken as given. */
  regressedOn?: Numbers | undefined;
}

type Described<T> = Extract<ConditioningDescription, { type: T }>;
type Network = Pick<NetworkDescription, 'size' | 'channels' | 'levels'>;

/** The maps of all conditionings one after another, and their anchors. */
export function referenceCondition(
  description: NetworkDescription,
  weights: ReferenceWeights,
  given: ReferenceGiven,
): ReferenceCondition {
  const conditions = description.conditioning.map((one): ReferenceCondition & { map: Plane } => {
    switch (one.type) {
      case 'low-resolution-image':
        return { map: lowResolutionMap(one, description, weights, given), anchors: [] };
      case 'previous-frames':
        return previousFrames(one, description, weights, given);
      case 'warped-frames': {
        const condition = warpedFrames(one, description, weights, given);
        const references = [...given.frames].reverse().slice(0, one.templateMatching ?? 0);
        return { ...condition, references, ...(one.localRegression && { regressedOn: condition.anchors[0] }) };
      }
    }
  });
  const maps = conditions.map(({ map }) => map);
  return {
    map: maps.length === 0 ? null : concatenate(maps),
    anchors: conditions.flatMap(({ anchors }) => anchors),
    references: conditions.flatMap(({ references = [] }) => references),
    searched: given.searched ?? true,
    regressedOn: conditions.find(({ regressedOn }) => regressedOn)?.regressedOn,
  };
}

/** Levels as a plane of -1..1. */
export function scaledPlane({ levels }: Pick<Network, 'levels'>, size: Size, features: number, values: Numbers): Plane {
  const middle = (levels - 1) / 2;
  return { ...size, features, values: Float64Array.from(values, (x) => (x - middle) / middle) };
}

/** A plane of the same features everywhere. */
function constant({ width, height }: Size, features: readonly number[]): Plane {
  const values = Float64Array.from(
    { length: width * height * features.length },
    (_, at) => features[at % features.length],
  );
  return { width, height, features: features.length, values };
}

/** factor * (a - b). */
function difference(a: Plane, b: Plane, factor: number): Plane {
  return { ...a, values: a.values.map((value, at) => factor * (value - b.values[at])) };
}

function previousFrames(
  { context }: Described<'previous-frames'>,
  network: Network,
  weights: ReferenceWeights,
  { frames, valid }: ReferenceGiven,
): ReferenceCondition & { map: Plane } {
  const scaled = frames.map((frame) => scaledPlane(network, network.size, network.channels, frame));
  const changes = context > 1 ? [difference(scaled[context - 1], scaled[context - 2], 8)] : [];
  const inputs = concatenate([...scaled, ...changes, constant(network.size, valid)]);
  return { map: trunk(inputs, weights, 'previous-frames'), anchors: [frames[context - 1]] };
}

/** Feature map of the convolutional GRU that the trunk adds at a quarter of the size. `scaled`: all context frames. */
function gruOver(scaled: readonly Plane[], valid: readonly number[], weights: ReferenceWeights): Plane {
  const layer = (x: Plane, name: string, stride?: number) =>
    convolve(x, weights, `warped-frames.gru.${name}`, stride === undefined ? {} : { stride });
  const cut = (low: number, high: number) => (x: number) => Math.min(high, Math.max(low, x));
  let state: Plane | null = null;
  scaled.forEach((frame, k) => {
    const change = difference(frame, scaled[Math.max(0, k - 1)], 8);
    const found = relu(layer(relu(layer(concatenate([frame, change]), 'to-half', 2)), 'to-quarter', 2));
    const before: Plane = state ?? { ...found, values: new Float64Array(found.values.length) };
    const h = found.features;
    const x = layer(found, 'frame-to-gates').values;
    const u = layer(before, 'state-to-gates').values;
    const values = before.values.map((old, at) => {
      const first = 3 * h * Math.floor(at / h) + (at % h);
      const gate = (index: number) => cut(0, 1)((x[first + index * h] + u[first + index * h]) / 4 + 1 / 2);
      const candidate = cut(-1, 1)(x[first + 2 * h] + gate(1) * u[first + 2 * h]);
      return valid[k] === 0 ? 0 : gate(0) * old + (1 - gate(0)) * candidate;
    });
    state = { ...found, values };
  });
  return relu(layer(state!, 'from-state'));
}

function warpedFrames(
  description: Described<'warped-frames'>,
  network: Network,
  weights: ReferenceWeights,
  given: ReferenceGiven,
): ReferenceCondition & { map: Plane } {
  const { context, gru, flows, still, halvings, blockMatching: matches, trajectory } = description;
  const { noise } = given;
  // The last ones are moved.
  const last = <T>(all: readonly T[]) => all.slice(all.length - context);
  const frames = last(given.frames);
  const valid = last(given.valid);
  const known = { expected: given.known?.expected ?? 0, frames: last(given.known?.frames ?? given.frames) };
  const { size, channels, levels } = network;
  const half = (levels - 1) / 2;
  const plain = (x: Plane, layer: string) => convolve(x, weights, `warped-frames.${layer}`);
  const scaled = frames.map((frame) => scaledPlane(network, size, channels, frame));
  const changes = scaled.slice(1).map((frame, k) => difference(frame, scaled[k], 8));
  const pairs = matches ? [1, 2].filter((ago) => ago < context) : [];
  const found = pairs.map((ago) => motionBefore(network, known.frames, ago));
  const steps = known.expected + 1;
  const motionNow = found.slice(0, 1).map((motion) => {
    if (trajectory === undefined) return motion;
    const all = given.known?.frames ?? given.frames;
    const pairs = Array.from({ length: trajectory }, (_, at) => motionBefore(network, all, at + 1).values);
    const existing = (given.known?.valid ?? given.valid).filter((exists) => exists === 1).length - 1;
    return { ...motion, values: motionOfLine(size, pairs, existing, steps) };
  });
  const onward = motionNow.map((motion) => {
    return movedOn(network, known.frames[context - 1], movedAlong(motion, steps));
  });
  const onwardChange = onward.map((levels) =>
    difference(scaledPlane(network, size, channels, levels), scaled[context - 1], 8),
  );
  const told = found.map((motion) => ownMotion(motion, half));
  if (trajectory !== undefined) {
    const values = motionOfStep(movedAlong(motionNow[0], steps).values, steps);
    told.push({ ...size, features: 2, values });
  }
  const inputs = concatenate([
    ...scaled,
    ...changes,
    constant(size, [...valid, (8 * noise) / half]),
    ...told,
    ...onwardChange,
  ]);
  const all = given.frames.map((frame) => scaledPlane(network, size, channels, frame));
  const ofGru = gru === undefined ? null : gruOver(all, given.valid, weights);
  const features = trunk(inputs, weights, 'warped-frames', halvings, ofGru);

  const moving = [...frames, ...onward];
  const beside = concatenate(
    moving.map((frame) => ({ ...size, features: channels, values: Float64Array.from(frame) })),
  );
  const learned = plain(features, 'motion');
  const motion = still ? withZeroMoves(learned, moving.length, flows) : learned;
  const shape = { ...size, channels, frames: moving.length, flows: flows + (still ? 1 : 0), flowScale: 4 };
  const moved = warpedMixture(shape, 1, beside.values, motion.values);
  const scaledMoved = scaledPlane(network, size, channels, moved);
  const change = difference(scaledMoved, scaled[context - 1], 8);
  const map = relu(plain(concatenate([features, scaledMoved, change]), 'moved'));
  const residual = plain(map, 'residual').values;
  const anchor = moved.map((level, at) => level + (residual[at] * half) / 8);
  return { map, anchors: [anchor, frames[context - 1]] };
}

/** Found already, by the later of two frames: finite differences ask for the same again and again. */
const motions = new WeakMap<Numbers, { before: Numbers; motion: Plane }>();

/** What block matching finds for the frame `ago` frames before the predicted one and the one before it: 11 features. */
function motionBefore({ size, channels }: Network, frames: readonly Numbers[], ago: number): Plane {
  const before = frames[frames.length - ago - 1];
  const last = frames[frames.length - ago];
  const known = motions.get(last);
  if (known?.before === before) return known.motion;
  const values = blockMatching({ ...size, channels, reach: 7, margin: 3 }, 1, before, last);
  const motion = { ...size, features: 11, values };
  motions.set(last, { before, motion });
  return motion;
}

/** The motion of each pixel itself, and the difference that it leaves. */
function ownMotion({ values, ...plane }: Plane, half: number): Plane {
  const pixels = Array.from({ length: values.length / 11 }, (_, pixel) => {
    const [down, right, difference] = [0, 5, 10].map((feature) => values[11 * pixel + feature]);
    return [down / 4, right / 4, (8 * difference) / half];
  });
  return { ...plane, features: 3, values: Float64Array.from(pixels.flat()) };
}

/** The motion over several frames, where each content takes its motion along. */
function movedAlong({ values, ...plane }: Plane, steps: number): Plane {
  return { ...plane, values: motionExtrapolation({ ...plane, batch: 1 }, values, [steps]) };
}

/** The motion that a line through the places of each pixel in several pairs of frames, newest first, leads along. */
function motionOfLine(size: Size, pairs: readonly Numbers[], existing: number, steps: number): Float64Array {
  const numbers = { ...size, batch: 1, pairs: pairs.length, maxChange: 1.5 };
  const pixels = Array.from({ length: size.width * size.height }, (_, pixel) =>
    pairs.map((values) => Array.from({ length: 11 }, (_, feature) => values[11 * pixel + feature])),
  );
  return motionTrajectory(numbers, pixels.flat(2), [existing], [steps]);
}

/** The motion of one of `steps` steps of each pixel, down and to the right, as the trunk reads it. */
function motionOfStep(motion: Numbers, steps: number): Float64Array {
  const pixels = Array.from({ length: motion.length / 11 }, (_, pixel) =>
    [0, 5].map((feature) => motion[11 * pixel + feature] / (4 * steps)),
  );
  return Float64Array.from(pixels.flat());
}

/** The mean of what the motions of a pixel and of its neighbours bring there. */
function movedOn({ size, channels }: Network, frame: Numbers, motion: Plane): Float64Array {
  const brought = [0, 1, 2, 3, 4].map((neighbour) => {
    const moves = Array.from({ length: motion.values.length / 11 }, (_, pixel) =>
      [neighbour, 5 + neighbour].map((feature) => motion.values[11 * pixel + feature]),
    );
    const shape = { ...size, channels, frames: 1, flows: 1, flowScale: 1 };
    return warpedMixture(shape, 1, frame, Float64Array.from(moves.flatMap((move) => [...move, 0])));
  });
  return brought[0].map((_, at) => brought.reduce((sum, levels) => sum + levels[at] / 5, 0));
}

/** The motion with one more displacement of each frame, of zero, after the others; its logit is there already. */
function withZeroMoves({ values, features, ...size }: Plane, context: number, flows: number): Plane {
  const moves = context * flows;
  const pixels = size.width * size.height;
  const all = Array.from({ length: pixels }, (_, pixel) => {
    const own = [...values.slice(pixel * features, (pixel + 1) * features)];
    const padded = (part: number[]) => part.flatMap((move, i) => (i % flows === flows - 1 ? [move, 0] : [move]));
    return [...padded(own.slice(0, moves)), ...padded(own.slice(moves, 2 * moves)), ...own.slice(2 * moves)];
  });
  return { ...size, features: all[0].length, values: Float64Array.from(all.flat()) };
}

function trunk(
  given: Plane,
  weights: ReferenceWeights,
  prefix: string,
  halvings = 2,
  remembered: Plane | null = null,
): Plane {
  const name = (layer: string) => `${prefix}.${layer}`;
  const same = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer)));
  const half = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer), { stride: 2 }));
  const double = (x: Plane, layer: string, like: Plane) => relu(transposed(x, weights, name(layer), like, 2));
  const fine = same(given, 'full');
  const halved = ['half.0', 'half.1'].reduce((x, layer) => sum(x, same(x, layer)), half(fine, 'to-half'));
  const quarter = half(halved, 'to-quarter');
  const inner = remembered === null ? quarter : sum(quarter, remembered);
  let quartered = ['quarter.0', 'quarter.1'].reduce((x, layer) => sum(x, same(x, layer)), inner);
  if (halvings === 3) {
    const eighth = ['eighth.0', 'eighth.1'].reduce((x, layer) => sum(x, same(x, layer)), half(quartered, 'to-eighth'));
    quartered = sum(quartered, double(eighth, 'from-eighth', quartered));
  }
  const back = sum(halved, double(quartered, 'from-quarter', halved));
  return same(sum(fine, double(back, 'from-half', fine)), 'map');
}

function lowResolutionMap(
  { factor }: Described<'low-resolution-image'>,
  network: Network,
  weights: ReferenceWeights,
  { small }: ReferenceGiven,
): Plane {
  const name = (layer: string) => `low-resolution-image.${layer}`;
  const same = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer)));
  const { size, channels } = network;
  const coarse = { width: Math.ceil(size.width / factor), height: Math.ceil(size.height / factor) };
  const first = same(scaledPlane(network, coarse, channels, small!), 'coarse');
  const inner = ['coarse.0', 'coarse.1'].reduce((x, layer) => sum(x, same(x, layer)), first);
  return same(relu(transposed(inner, weights, name('up'), size, factor)), 'map');
}
