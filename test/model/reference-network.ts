/**
 * The whole network as the plainest float64 loops that its description allows, written apart from the program, its
 * taps and its executors: dense convolutions of weights that the mask of 1601.06759, figure 2, is laid over here.
 */
import type { Channels, Size } from '../../src/frame.js';
import type { NetworkDescription } from '../../src/model/description.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import type { ParameterSpec } from '../../src/backend/parameters.js';
import { logisticMixture, sigmoidCrossEntropy, softmaxCrossEntropy } from '../backend/reference.js';

/** height x width x features. */
interface Plane {
  height: number;
  width: number;
  features: number;
  values: Float64Array;
}

type Numbers = ArrayLike<number>;

/** Parameters by name, with their shapes. */
export type ReferenceWeights = Map<string, { shape: readonly number[]; values: Numbers }>;

/** One image and what is given with it, in levels. */
export interface ReferenceExample {
  image: Numbers;
  /** Oldest first; empty for an unconditional network. */
  frames: Numbers[];
  /** 1 or 0 for each frame. */
  valid: number[];
  /** The image at the scale before; null where there is none. */
  small: Numbers | null;
}

export function referenceWeights(specs: readonly ParameterSpec[], values: readonly Numbers[]): ReferenceWeights {
  return new Map(specs.map(({ name, shape }, index) => [name, { shape, values: values[index] }]));
}

/** -log P of every sub-pixel of the image, in nats. */
export function referenceNats(
  description: NetworkDescription,
  weights: ReferenceWeights,
  { image, frames, valid, small }: ReferenceExample,
): Float64Array {
  const { size, channels, levels, skips, head, conditioning } = description;
  const middle = (levels - 1) / 2;
  const scaled = (x: number) => (x - middle) / middle;
  const plane = (features: number, value: (i: number, feature: number) => number): Plane => ({
    ...size,
    features,
    values: Float64Array.from({ length: size.height * size.width * features }, (_, at) =>
      value(Math.floor(at / features), at % features),
    ),
  });
  const scaledSmall = (factor: number): Plane => ({
    height: Math.ceil(size.height / factor),
    width: Math.ceil(size.width / factor),
    features: channels,
    values: Float64Array.from(small!, scaled),
  });
  const anchor = frames.length > 0 ? frames[frames.length - 1] : null;

  const maps = conditioning.map((one): Plane => {
    if (one.type === 'low-resolution-image')
      return lowResolutionMap(scaledSmall(one.factor), one.factor, size, weights);
    const { context } = one;
    const given = frames.map((frame) => plane(channels, (i, c) => scaled(frame[i * channels + c])));
    const [last, before] = [given[context - 1], given[context - 2]];
    const difference = plane(channels, (i, c) => 8 * (last.values[i * channels + c] - before.values[i * channels + c]));
    return conditioningMap(concatenate([...given, difference, plane(context, (_, k) => valid[k])]), weights);
  });
  const map = maps.length === 0 ? null : concatenate(maps);

  /** 1x1 projection of the map, or zeros. */
  const project = (name: string, like: Plane): Plane =>
    map === null ? { ...like, values: new Float64Array(like.values.length) } : convolve(map, weights, name);
  const masked = (x: Plane, name: string, mask: 'A' | 'B') => convolve(x, weights, name, { mask, channels });

  const readsDifference = head.type === 'logistic-mixture' && anchor !== null;
  const perChannel = readsDifference ? 2 : 1;
  const input = plane(channels * perChannel, (i, feature) => {
    const at = i * channels + Math.floor(feature / perChannel);
    return feature % perChannel === 0 ? scaled(image[at]) : (8 * (image[at] - anchor![at])) / middle;
  });
  let x = masked(input, 'first', 'A');
  x = sum(x, project('first.map', x));
  let skipped: Plane | null = null;
  description.layers.forEach((layer, index) => {
    const name = `layers.${index}`;
    const states = (side: string, taps: readonly Offset[], cell: Offset) => {
      const gates = masked(x, `${name}.${side}input`, 'B');
      return walk(
        sum(gates, project(`${name}.${side}map`, gates)),
        weights,
        `${name}.${side}state`,
        taps,
        cell,
        channels,
      );
    };
    let inner: Plane;
    switch (layer.type) {
      case 'pixel-cnn-block': {
        const down = masked(relu(x), `${name}.down`, 'B');
        const wide = masked(relu(down), `${name}.wide`, 'B');
        inner = relu(sum(wide, project(`${name}.map`, wide)));
        break;
      }
      case 'row-lstm':
        inner = states('', [upLeft, up, upRight], up);
        break;
      case 'diagonal-bilstm':
        inner = sum(states('left.', [up, left], left), oneRowDown(states('right.', [up, right], right)));
        break;
    }
    x = sum(x, masked(inner, `${name}.up`, 'B'));
    if (!skips) return;
    const own = masked(x, `skips.${index}`, 'B');
    skipped = skipped === null ? own : sum(skipped, own);
  });
  x = skipped ?? x;
  description.output.forEach((_, index) => {
    x = masked(relu(x), `output.${index}`, 'B');
  });
  // The outputs of a mixture of colours together grow with the number of colours before.
  const widths = head.type === 'logistic-mixture' && head.colours === 'together' ? [3, 4, 5].slice(0, channels) : null;
  const { values } = convolve(relu(x), weights, 'head', { mask: 'B', channels, widths });

  const anchors = anchor ?? new Float64Array(image.length).fill(middle);
  return referenceHeadNats(head, levels, channels, values, image, anchors);
}

/** -log P of each target, given the head's outputs for its pixel, its anchors and its pixel's earlier targets. */
export function referenceHeadNats(
  head: HeadDescription,
  levels: number,
  channels: Channels,
  outputs: Numbers,
  targets: Numbers,
  anchors: Numbers,
): Float64Array {
  const rows = targets.length;
  switch (head.type) {
    case 'softmax':
      return softmaxCrossEntropy(outputs, targets, rows, levels);
    case 'sigmoid':
      return sigmoidCrossEntropy(outputs, targets, rows);
    case 'logistic-mixture': {
      const colours = head.colours === 'together' ? channels : 1;
      const shape = { ...head, levels, colours, anchors: anchors.length / rows };
      return logisticMixture(shape, outputs, targets, anchors, rows / colours);
    }
  }
}

type Offset = readonly [rows: number, columns: number];
const [up, left, right]: Offset[] = [
  [-1, 0],
  [0, -1],
  [0, 1],
];
const [upLeft, upRight]: Offset[] = [
  [-1, -1],
  [-1, 1],
];

/**
 * An LSTM over the image, pixel after pixel: each takes its states from the pixels at `taps`, its cell from the one at
 * `cell`. Gates stand as o f i g for each colour in turn.
 */
function walk(
  gates: Plane,
  weights: ReferenceWeights,
  name: string,
  taps: readonly Offset[],
  cell: Offset,
  channels: number,
): Plane {
  const { height, width } = gates;
  const hidden = gates.features / 4;
  const matrix = weights.get(`${name}.weights`)!.values;
  const initial = weights.get(`${name}.initial`)?.values ?? new Float64Array(2 * hidden);
  const colourOf = colours(hidden, channels);
  const [h, c] = [new Float64Array(height * width * hidden), new Float64Array(height * width * hidden)];
  const at = (values: Float64Array, outside: number, y: number, x: number, k: number) =>
    y < 0 || x < 0 || x >= width ? initial[outside * hidden + k] : values[(y * width + x) * hidden + k];
  const columns = Array.from({ length: width }, (_, x) => (cell[1] > 0 ? width - 1 - x : x));
  for (let y = 0; y < height; y++)
    for (const x of columns)
      for (let k = 0; k < hidden; k++) {
        const [start, size] = [
          colourOf.indexOf(colourOf[k]),
          colourOf.filter((colour) => colour === colourOf[k]).length,
        ];
        const gate = (which: number) => {
          const o = 4 * start + which * size + k - start;
          let total = gates.values[(y * width + x) * 4 * hidden + o];
          taps.forEach(([dy, dx], tap) => {
            for (let j = 0; j < hidden; j++)
              total += matrix[(tap * hidden + j) * 4 * hidden + o] * at(h, 0, y + dy, x + dx, j);
          });
          return total;
        };
        const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
        const here = (y * width + x) * hidden + k;
        c[here] = sigmoid(gate(1)) * at(c, 1, y + cell[0], x + cell[1], k) + sigmoid(gate(2)) * Math.tanh(gate(3));
        h[here] = sigmoid(gate(0)) * Math.tanh(c[here]);
      }
  return { height, width, features: hidden, values: h };
}

function oneRowDown(plane: Plane): Plane {
  const row = plane.width * plane.features;
  return { ...plane, values: plane.values.map((_, at) => (at < row ? 0 : plane.values[at - row])) };
}

function conditioningMap(given: Plane, weights: ReferenceWeights): Plane {
  const name = (layer: string) => `previous-frames.${layer}`;
  const same = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer)));
  const half = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer), { stride: 2 }));
  const double = (x: Plane, layer: string, like: Plane) => relu(transposed(x, weights, name(layer), like, 2));
  const fine = same(given, 'full');
  const halved = ['half.0', 'half.1'].reduce((x, layer) => sum(x, same(x, layer)), half(fine, 'to-half'));
  const inner = half(halved, 'to-quarter');
  const quartered = ['quarter.0', 'quarter.1'].reduce((x, layer) => sum(x, same(x, layer)), inner);
  const back = sum(halved, double(quartered, 'from-quarter', halved));
  return same(sum(fine, double(back, 'from-half', fine)), 'map');
}

function lowResolutionMap(small: Plane, factor: number, size: Size, weights: ReferenceWeights): Plane {
  const name = (layer: string) => `low-resolution-image.${layer}`;
  const same = (x: Plane, layer: string) => relu(convolve(x, weights, name(layer)));
  const inner = ['coarse.0', 'coarse.1'].reduce((x, layer) => sum(x, same(x, layer)), same(small, 'coarse'));
  return same(relu(transposed(inner, weights, name('up'), size, factor)), 'map');
}

/** Colour of each feature: `features` cut into a group for each channel, in proportion or as even as can be, R first. */
function colours(features: number, channels: number, widths: number[] | null = null): number[] {
  const whole = widths?.reduce((sum, width) => sum + width, 0) ?? 0;
  if (widths !== null) return widths.flatMap((width, c) => new Array<number>((features * width) / whole).fill(c));
  const size = (c: number) => Math.floor(features / channels) + (c < features % channels ? 1 : 0);
  return Array.from({ length: channels }, (_, c) => new Array<number>(size(c)).fill(c)).flat();
}

/** Rows or columns of zeros that 'same' padding puts before an image. */
function before(size: number, kernel: number, stride: number): number {
  const out = Math.ceil(size / stride);
  return Math.floor(Math.max(0, (out - 1) * stride + kernel - size) / 2);
}

interface ConvolveOptions {
  stride?: number;
  mask?: 'A' | 'B';
  channels?: number;
  /** How many of the outputs each colour has, in proportion; null: as even as can be. */
  widths?: number[] | null;
}

function convolve(x: Plane, weights: ReferenceWeights, name: string, options: ConvolveOptions = {}): Plane {
  const { stride = 1, mask, channels = 1, widths = null } = options;
  const { shape, values } = weights.get(`${name}.weights`)!;
  const bias = weights.get(`${name}.bias`)!.values;
  const [kernelHeight, kernelWidth, from, to] = shape;
  const [height, width] = [Math.ceil(x.height / stride), Math.ceil(x.width / stride)];
  const [top, left] = [before(x.height, kernelHeight, stride), before(x.width, kernelWidth, stride)];
  const [colourIn, colourOut] = [colours(from, channels), colours(to, channels, widths)];
  const isSeen = (row: number, column: number, i: number, o: number): boolean => {
    if (mask === undefined) return true;
    const place = (row - top) * kernelWidth + (column - left);
    if (place !== 0) return place < 0;
    return mask === 'A' ? colourIn[i] < colourOut[o] : colourIn[i] <= colourOut[o];
  };
  const out = new Float64Array(height * width * to);
  for (let row = 0; row < kernelHeight; row++)
    for (let column = 0; column < kernelWidth; column++)
      for (let i = 0; i < from; i++)
        for (let o = 0; o < to; o++) {
          if (!isSeen(row, column, i, o)) continue;
          const weight = values[((row * kernelWidth + column) * from + i) * to + o];
          for (let y = 0; y < height; y++) {
            const inRow = y * stride + row - top;
            if (inRow < 0 || inRow >= x.height) continue;
            for (let at = 0; at < width; at++) {
              const inColumn = at * stride + column - left;
              if (inColumn < 0 || inColumn >= x.width) continue;
              out[(y * width + at) * to + o] += weight * x.values[(inRow * x.width + inColumn) * from + i];
            }
          }
        }
  return { height, width, features: to, values: out.map((value, at) => value + bias[at % to]) };
}

/** The transpose of a convolution of some stride from a size, plus a bias. */
function transposed(x: Plane, weights: ReferenceWeights, name: string, size: Size, stride: number): Plane {
  const { shape, values } = weights.get(`${name}.weights`)!;
  const bias = weights.get(`${name}.bias`)!.values;
  const [kernelHeight, kernelWidth, to, from] = shape;
  const { height, width } = size;
  const [top, left] = [before(height, kernelHeight, stride), before(width, kernelWidth, stride)];
  const out = Float64Array.from({ length: height * width * to }, (_, at) => bias[at % to]);
  for (let y = 0; y < x.height; y++)
    for (let at = 0; at < x.width; at++)
      for (let row = 0; row < kernelHeight; row++)
        for (let column = 0; column < kernelWidth; column++) {
          const [outRow, outColumn] = [y * stride + row - top, at * stride + column - left];
          if (outRow < 0 || outRow >= height || outColumn < 0 || outColumn >= width) continue;
          for (let o = 0; o < to; o++)
            for (let i = 0; i < from; i++)
              out[(outRow * width + outColumn) * to + o] +=
                x.values[(y * x.width + at) * from + i] * values[((row * kernelWidth + column) * to + o) * from + i];
        }
  return { height, width, features: to, values: out };
}

function relu(x: Plane): Plane {
  return { ...x, values: x.values.map((value) => Math.max(value, 0)) };
}

function sum(a: Plane, b: Plane): Plane {
  return { ...a, values: a.values.map((value, at) => value + b.values[at]) };
}

function concatenate(planes: Plane[]): Plane {
  const { height, width } = planes[0];
  const values: number[] = [];
  for (let i = 0; i < height * width; i++)
    for (const { features, values: own } of planes) values.push(...own.subarray(i * features, (i + 1) * features));
  return { height, width, features: values.length / (height * width), values: Float64Array.from(values) };
}
