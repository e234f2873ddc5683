import { cellFrom, hiddenFeatures, pixelAt, stateToState, walkSteps, walkTaps, type WalkShape } from '../walk-shape.js';
import { forwardPlan, inputGradientPlan, type ConvolutionPlan } from './convolution-plan.js';
import { packWeights } from './convolution.js';
import { convolutionFilterGradient } from './filter-gradient.js';
import { kernelMemory as memory } from './product-memory.js';
import { TILE } from './tile.js';

/** A walk over an image of one shape, laid out for the loops. */
interface WalkPlan {
  steps: number[][];
  /** For each pixel: the one that its cell comes from, or -1. */
  cellSource: Int32Array;
  /** For each pixel: the row or the column along which cells flow, and how many there are. */
  line: Int32Array;
  lines: number;
  /** For each tap: the pixels that it leads outside of the image from. */
  borders: number[][];
}

const walkPlans = new WeakMap<WalkShape, WalkPlan>();

function walkPlan(shape: WalkShape): WalkPlan {
  let plan = walkPlans.get(shape);
  if (!plan) walkPlans.set(shape, (plan = makeWalkPlan(shape)));
  return plan;
}

function makeWalkPlan(shape: WalkShape): WalkPlan {
  const { height, width, walk } = shape;
  const pixels = Array.from({ length: height * width }, (_, pixel) => pixel);
  const isDown = cellFrom[walk].dx === 0;
  return {
    steps: walkSteps(shape),
    cellSource: Int32Array.from(pixels, (pixel) => pixelAt(shape, pixel, cellFrom[walk])),
    line: Int32Array.from(pixels, (pixel) => (isDown ? pixel % width : Math.floor(pixel / width))),
    lines: isDown ? width : height,
    borders: walkTaps[walk].map((tap) => pixels.filter((pixel) => pixelAt(shape, pixel, tap) < 0)),
  };
}

/** See Kernels.lstm. */
export function lstm(
  shape: WalkShape,
  batch: number,
  gates: Float32Array,
  weights: Float32Array,
  initial: Float32Array | null,
  activations: Float32Array,
  cells: Float32Array,
  out: Float32Array,
): void {
  const { steps, cellSource } = walkPlan(shape);
  const hidden = hiddenFeatures(shape);
  const products = new StepProducts(forwardPlan(stateToState(shape)), weights, steps);
  const { places, values, source: states, sums } = products;
  const states0 = initial ? initial.subarray(0, hidden) : new Float32Array(hidden);
  const cells0 = initial ? initial.subarray(hidden) : states0;
  for (let at = 0; at < products.sourceLength; at += hidden) values.set(states0, states + at);
  for (let n = 0; n < batch; n++) {
    const first = n * places.length;
    for (const pixels of steps) {
      products.multiply(pixels);
      pixels.forEach((pixel, i) => {
        const at = (first + pixel) * 4 * hidden;
        for (let j = 0; j < 4 * hidden; j++) activations[at + j] = values[sums + i * 4 * hidden + j] + gates[at + j];
        const from = cellSource[pixel];
        if (from < 0) cell(shape, activations, at, cells0, 0, cells, out, (first + pixel) * hidden);
        else cell(shape, activations, at, cells, (first + from) * hidden, cells, out, (first + pixel) * hidden);
        for (let k = 0; k < hidden; k++) values[states + places[pixel] + k] = out[(first + pixel) * hidden + k];
      });
    }
  }
}

/** The products of the pixels of one step after another with the state-to-state weights, or with their transpose. */
class StepProducts {
  /** Of each pixel: where in the source it is read from. */
  readonly places: Int32Array;
  readonly sourceLength: number;
  /** Where in `values` the padded source begins, which the caller writes, and the sums, [pixels, target features]. */
  readonly source: number;
  readonly sums: number;
  readonly values: Float64Array;
  private readonly packed: number;
  private readonly lists: number;
  private readonly step: number;
  private readonly tileSums: number;

  constructor(
    private readonly plan: ConvolutionPlan,
    weights: Float32Array,
    steps: number[][],
  ) {
    const { source, lists, phases, packedLength, targetFeatures } = plan;
    const pixels = source.height * source.width;
    const longest = TILE * Math.ceil(Math.max(...steps.map(({ length }) => length)) / TILE);
    this.places = lists.subarray(phases[0].sourceAt, phases[0].sourceAt + pixels);
    this.sourceLength = source.paddedHeight * source.paddedWidth * source.features;
    memory.clear();
    this.lists = memory.allotList(lists);
    this.step = memory.allotList(new Int32Array(longest));
    this.packed = memory.allot(packedLength);
    this.source = memory.allot(this.sourceLength);
    this.tileSums = memory.allot(longest * TILE);
    this.sums = memory.allot(longest * targetFeatures);
    this.values = memory.values;
    packWeights(plan, weights, this.values, this.packed);
  }

  /** Writes the sums of some pixels. */
  multiply(pixels: number[]): void {
    const { plan, places, values, lists, step, tileSums } = this;
    const features = plan.targetFeatures;
    const last = pixels.length - 1;
    for (let p = 0; p < TILE * Math.ceil(pixels.length / TILE); p++)
      memory.numbers[step + p] = places[pixels[Math.min(p, last)]];
    for (const { first, width, tapsAt, weights, packedAt } of plan.phases[0].panels) {
      const [taps, packed] = [lists + tapsAt, this.packed + packedAt];
      memory.multiplyTaps(this.source, step, pixels.length, taps, weights.length, packed, tileSums);
      for (let p = 0; p <= last; p++)
        for (let o = 0; o < width; o++) values[this.sums + p * features + first + o] = values[tileSums + p * TILE + o];
    }
  }
}

/**
 * From the gates at activations[at] to the activations, in place, and from the cell that starts at before[from] to the
 * pixel's cell and state at `to`.
 */
export function cell(
  { groups }: WalkShape,
  activations: Float32Array,
  at: number,
  before: Float32Array,
  from: number,
  cells: Float32Array,
  out: Float32Array,
  to: number,
): void {
  for (const size of groups) {
    for (const end = at + size; at < end; at++, from++, to++) {
      const o = (activations[at] = sigmoid(activations[at]));
      const f = (activations[at + size] = sigmoid(activations[at + size]));
      const i = (activations[at + 2 * size] = sigmoid(activations[at + 2 * size]));
      const g = (activations[at + 3 * size] = Math.tanh(activations[at + 3 * size]));
      const c = f * before[from] + i * g;
      cells[to] = c;
      out[to] = o * Math.tanh(c);
    }
    at += 3 * size;
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * See Kernels.lstmGradient. In reverse order, with s the gates after the state-to-state product:
 *
 *     dh = dOut + sum over taps t of weights[t] ds[pixel - t]
 *     dc = f dc of the pixel that takes this one's cell + dh o (1 - tanh(c)^2)
 *     ds = dh tanh(c) o (1 - o) | dc c' f (1 - f) | dc g i (1 - i) | dc i (1 - g^2)         c': the cell before
 *
 * The gates' gradient is ds. The gradient of the weights is that of a convolution of the states, plus initial h times
 * the ds of the pixels from which a tap leads outside; those ds give the gradient of initial h as well, and the cells
 * that arrive outside that of initial c.
 */
export function lstmGradient(
  shape: WalkShape,
  batch: number,
  dOut: Float32Array,
  weights: Float32Array,
  initial: Float32Array | null,
  activations: Float32Array,
  cells: Float32Array,
  out: Float32Array,
  dGates: Float32Array,
  dWeights: Float32Array,
  dInitial: Float32Array | null,
): void {
  const { steps, cellSource, line, lines, borders } = walkPlan(shape);
  const hidden = hiddenFeatures(shape);
  const products = new StepProducts(inputGradientPlan(stateToState(shape)), weights, steps);
  const { places, values, source, sums } = products;
  values.fill(0, source, source + products.sourceLength);
  const carried = new Float32Array(lines * hidden);
  const cells0 = initial ? initial.subarray(hidden) : new Float32Array(hidden);
  const dCells0 = new Float64Array(hidden);
  for (let n = 0; n < batch; n++) {
    const first = n * places.length;
    carried.fill(0);
    for (const pixels of [...steps].reverse()) {
      products.multiply(pixels);
      pixels.forEach((pixel, i) => {
        const at = (first + pixel) * hidden;
        for (let k = 0; k < hidden; k++) values[sums + i * hidden + k] += dOut[at + k];
        const from = cellSource[pixel];
        const [before, beforeAt] = from < 0 ? [cells0, 0] : [cells, (first + from) * hidden];
        const carriedAt = line[pixel] * hidden;
        const dAt = sums + i * hidden;
        cellGradient(shape, values, dAt, activations, cells, at, before, beforeAt, carried, carriedAt, dGates);
        for (let j = 0; j < 4 * hidden; j++) values[source + places[pixel] + j] = dGates[4 * at + j];
      });
    }
    for (let i = 0; i < lines * hidden; i++) dCells0[i % hidden] += carried[i];
  }
  convolutionFilterGradient(stateToState(shape), batch, out, dGates, false, dWeights, null);
  if (!initial || !dInitial) return;
  const dStates0 = new Float64Array(hidden);
  const border = new Float64Array(4 * hidden);
  borders.forEach((pixels, t) => {
    border.fill(0);
    for (let n = 0; n < batch; n++)
      for (const pixel of pixels)
        for (let j = 0; j < 4 * hidden; j++) border[j] += dGates[(n * places.length + pixel) * 4 * hidden + j];
    for (let k = 0; k < hidden; k++)
      for (let j = 0; j < 4 * hidden; j++) {
        const at = (t * hidden + k) * 4 * hidden + j;
        dWeights[at] += initial[k] * border[j];
        dStates0[k] += weights[at] * border[j];
      }
  });
  dInitial.set(dStates0);
  dInitial.set(dCells0, hidden);
}

/**
 * One pixel's ds, from its dh at dStates[dAt]. `carried` holds f dc of the pixel that takes this one's cell, and
 * afterwards that of this one; `before` is the cell before.
 */
function cellGradient(
  { groups }: WalkShape,
  dStates: Float64Array,
  dAt: number,
  activations: Float32Array,
  cells: Float32Array,
  cellAt: number,
  before: Float32Array,
  beforeAt: number,
  carried: Float32Array,
  carriedAt: number,
  dGates: Float32Array,
): void {
  let at = 4 * cellAt;
  for (const size of groups) {
    for (const end = at + size; at < end; at++, dAt++, cellAt++, beforeAt++, carriedAt++) {
      const o = activations[at];
      const f = activations[at + size];
      const i = activations[at + 2 * size];
      const g = activations[at + 3 * size];
      const squashed = Math.tanh(cells[cellAt]);
      const dh = dStates[dAt];
      const dc = carried[carriedAt] + dh * o * (1 - squashed * squashed);
      carried[carriedAt] = dc * f;
      dGates[at] = dh * squashed * o * (1 - o);
      dGates[at + size] = dc * before[beforeAt] * f * (1 - f);
      dGates[at + 2 * size] = dc * g * i * (1 - i);
      dGates[at + 3 * size] = dc * i * (1 - g * g);
    }
    at += 3 * size;
  }
}
