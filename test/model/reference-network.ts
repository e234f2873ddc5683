/**
 * The whole network as the plainest float64 loops that its description allows, written apart from the program, its
 * taps and its executors.
 */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkDescription } from '../../src/model/description.js';
import type { Examples } from '../../src/conditioning/context/examples.js';
import { localRegression } from '../backend/local-regression-reference.js';
import { matchTemplates, templateInput } from '../backend/template-matching-reference.js';
import {
  referenceCondition,
  scaledPlane,
  type ReferenceCondition,
  type ReferenceGiven,
} from '../conditioning/reference-conditioning.js';
import { outputWidths, readsAnchors, referenceHeadNats } from './reference-heads.js';
import {
  colours,
  concatenate,
  convolve,
  relu,
  sum,
  type Numbers,
  type Plane,
  type ReferenceWeights,
} from './reference-planes.js';

/** One image and what is given with it, in levels. */
export interface ReferenceExample extends ReferenceGiven {
  image: Numbers;
}

/** Example `index` of a batch, as the reference takes it. */
export function referenceExample(
  { image, conditioningInputs, earlierPixels }: Examples,
  index: number,
): ReferenceExample {
  const values = (tensor: Tensor4D) => {
    const all = Float64Array.from(tensor.dataSync());
    return all.subarray((index * all.length) / tensor.shape[0], ((index + 1) * all.length) / tensor.shape[0]);
  };
  const { context, coarser } = conditioningInputs;
  return {
    image: values(image),
    frames: context ? context.frames.map(values) : [],
    valid: context ? [...values(context.valid).subarray(0, context.frames.length)] : [],
    noise: context ? values(context.noise)[0] : 0,
    ...(context?.known && {
      known: {
        frames: context.known.frames.map(values),
        valid: context.known.frames.map((_, at) => Number(at >= (context.known!.missing?.[index] ?? 0))),
        expected: context.known.expected[index],
      },
    }),
    small: coarser ? values(coarser) : null,
    searched: earlierPixels ? values(earlierPixels)[0] === 1 : true,
  };
}

/**
 * -log P of every sub-pixel of the image, in nats, and the anchors, height x width x channels each.
 *
 * @param condition where it is known already what the conditionings make of the example
 */
export function referenceScore(
  description: NetworkDescription,
  weights: ReferenceWeights,
  { image, ...given }: ReferenceExample,
  condition = referenceCondition(description, weights, given),
): { nats: Float64Array; anchors: readonly Numbers[] } {
  const outputs = referenceOutputs(description, weights, image, condition);
  const { anchors } = condition;
  return { nats: referenceNatsOf(description, outputs, image, anchors), anchors };
}

/** -log P of every sub-pixel, given what the head reads and the anchors. */
export function referenceNatsOf(
  { head, levels, channels }: NetworkDescription,
  outputs: Numbers,
  image: Numbers,
  anchors: readonly Numbers[],
): Float64Array {
  const given = anchors.length > 0 ? anchors : [new Float64Array(image.length).fill((levels - 1) / 2)];
  const bySubPixel = Array.from(image, (_, at) => given.map((anchor) => anchor[at])).flat();
  return referenceHeadNats(head, levels, channels, outputs, image, bySubPixel);
}

/** What the head reads of every sub-pixel, given the map and the anchors. */
export function referenceOutputs(
  description: NetworkDescription,
  weights: ReferenceWeights,
  image: Numbers,
  condition: ReferenceCondition,
): Float64Array {
  const { map, anchors, references = [], searched = true, regressedOn } = condition;
  const { size, channels, levels, skips, head } = description;
  /** 1x1 projection of the map, or zeros. */
  const project = (name: string, like: Plane): Plane =>
    map === null ? { ...like, values: new Float64Array(like.values.length) } : convolve(map, weights, name);
  const masked = (x: Plane, name: string, mask: 'A' | 'B') => convolve(x, weights, name, { mask, channels });

  // Beside each level, in its colour's group, its differences to the anchors that the head starts from.
  const read = readsAnchors(head) ? anchors : [];
  const differences = read.map((anchor) =>
    Float64Array.from(image, (level, at) => (8 * (level - anchor[at])) / ((levels - 1) / 2)),
  );
  const { values: scaled } = scaledPlane(description, size, channels, image);
  const input: Plane = {
    ...size,
    features: channels * (1 + read.length),
    values: Float64Array.from([...scaled].flatMap((level, at) => [level, ...differences.map((values) => values[at])])),
  };
  let x = masked(input, 'first', 'A');
  x = sum(x, project('first.map', x));
  const found = references.length === 0 ? null : matchedPlane(description, image, anchors[0], references, searched);
  const matched =
    found === null || regressedOn === undefined
      ? found
      : concatenate([found, regressedPlane(description, image, regressedOn, references, searched)]);
  if (matched !== null) x = sum(x, convolve(matched, weights, 'first.matched'));
  let skipped: Plane | null = null;
  description.layers.forEach((layer, index) => {
    const name = `layers.${index}`;
    const states = (side: string, taps: readonly Offset[], cell: Offset) => {
      const gates = masked(x, `${name}.${side}input`, 'B');
      return lstm(
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
  const outputs = convolve(relu(x), weights, 'head', { mask: 'B', channels, widths: outputWidths(head, channels) });
  return (matched === null ? outputs : sum(outputs, convolve(matched, weights, 'head.matched'))).values;
}

/** What template matching finds of each pixel, as the network reads it. */
function matchedPlane(
  { size, channels, levels }: NetworkDescription,
  image: Numbers,
  anchor: Numbers,
  references: readonly Numbers[],
  searched: boolean,
): Plane {
  const shape = { ...size, channels, references: references.length, highest: levels - 1, gain: 16 / (levels - 1) };
  const found = foundEarlier(lastMatched, [[size.width, channels, levels], image, ...references], () =>
    matchTemplates(shape, 1, image, besideEachOther(channels, references)),
  );
  const values = templateInput(shape, found, anchor, searched ? null : [0]);
  return { ...size, features: references.length * (2 * channels + 3), values };
}

/** What local regression makes of each pixel, as the network reads it. */
function regressedPlane(
  { size, channels, levels }: NetworkDescription,
  image: Numbers,
  expected: Numbers,
  references: readonly Numbers[],
  searched: boolean,
): Plane {
  const gain = Math.fround(8 / ((levels - 1) / 2));
  const shape = { ...size, channels, references: references.length, highest: levels - 1, gain };
  const given = [[size.width, channels, levels], image, expected, ...references];
  const values = foundEarlier(lastRegressed, given, () =>
    localRegression(shape, 1, image, expected, besideEachOther(channels, references)),
  );
  const nothing = values.map((_, at) => (at % (2 * channels) < channels ? 0 : 1));
  return { ...size, features: 4 * channels, values: searched ? values : nothing };
}

/** References as one picture, [pixel, reference, channel]. */
function besideEachOther(channels: number, references: readonly Numbers[]): number[] {
  return Array.from({ length: references[0].length / channels }, (_, pixel) =>
    references.flatMap((values) => Array.from({ length: channels }, (_, c) => values[pixel * channels + c])),
  ).flat();
}

interface Found {
  given: Float64Array[];
  found: Float64Array;
}
/** Found last: finite differences ask for the same again and again. */
const [lastMatched, lastRegressed] = [0, 1].map((): Found => ({ given: [], found: new Float64Array() }));

function foundEarlier(last: Found, values: readonly Numbers[], find: () => Float64Array): Float64Array {
  const given = values.map((numbers) => Float64Array.from(numbers));
  const isSame = (numbers: Float64Array, k: number) => Buffer.compare(bytesOf(numbers), bytesOf(last.given[k])) === 0;
  if (given.length !== last.given.length || !given.every(isSame)) Object.assign(last, { given, found: find() });
  return last.found;
}

function bytesOf({ buffer }: Float64Array): Uint8Array {
  return new Uint8Array(buffer);
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
function lstm(
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
  const h = new Float64Array(height * width * hidden);
  const c = new Float64Array(height * width * hidden);
  const at = (values: Float64Array, outside: number, y: number, x: number, k: number) =>
    y < 0 || x < 0 || x >= width ? initial[outside * hidden + k] : values[(y * width + x) * hidden + k];
  const columns = Array.from({ length: width }, (_, x) => (cell[1] > 0 ? width - 1 - x : x));
  for (let y = 0; y < height; y++)
    for (const x of columns)
      for (let k = 0; k < hidden; k++) {
        const start = colourOf.indexOf(colourOf[k]);
        const size = colourOf.filter((colour) => colour === colourOf[k]).length;
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
