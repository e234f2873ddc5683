import { cell } from '../backend/typescript/lstm.js';
import type { ProductMemory } from '../backend/typescript/product-memory.js';
import { cellFrom, hiddenFeatures, stateToState } from '../backend/walk-shape.js';
import type { AddOp, ConvOp, LstmOp, Op } from '../model/ops/index.js';
import type { Program } from '../model/program.js';
import type { Slot } from '../model/slot.js';
import { GatheredProduct, type ProductSource, type ProductTap } from './gathered-product.js';

/** What an op does for one colour group at one pixel. */
export type PixelStep = (y: number, x: number) => void;

/** Where the steps find values and weights. */
export interface StepContext {
  program: Program;
  /** In the order of the program's parameters. */
  parameters: readonly Float32Array[];
  /** Values of a slot, height x width x features. */
  values: (slot: Slot) => Float32Array;
  /** Where the steps multiply, and of each op the product of the colour group before. */
  memory: ProductMemory;
  products: Map<Op, GatheredProduct>;
}

/** Makes the step of an op for a colour group. */
export function pixelStep(op: Op, group: number, context: StepContext): PixelStep {
  switch (op.op) {
    case 'conv':
      return convStep(op, group, context);
    case 'lstm':
      return lstmStep(op, group, context);
    case 'add':
      return addStep(op, group, context);
  }
}

/** First feature of a group. */
export function groupStart(groups: readonly number[], group: number): number {
  return groups.slice(0, group).reduce((sum, size) => sum + size, 0);
}

function convStep(op: ConvOp, group: number, context: StepContext): PixelStep {
  const { program, parameters, values, memory } = context;
  const { shape, x: read, plus: added, out: written, relu } = op;
  const { width } = program.size;
  const first = groupStart(shape.groups, group);
  const count = shape.groups[group];
  const taps = shape.taps.map(({ dy, dx, sees, position }) => ({
    dy,
    dx,
    sees: sees[group],
    row: position * shape.inFeatures * shape.outFeatures,
  }));
  const source = {
    size: program.size,
    values: values(read),
    features: read.features,
    relu,
    taps,
    outside: null,
    weights: parameters[op.weights],
    stride: shape.outFeatures,
    first,
    count,
  };
  const product = productOf(op, source, context);
  const bias = parameters[op.bias];
  const plus = added === null ? null : values(added);
  const out = values(written);
  return (y, x) => {
    product.compute(y, x);
    const { values: sums } = memory;
    const at = (y * width + x) * written.features + first;
    for (let j = 0; j < count; j++) {
      const sum = sums[product.sums + j] + bias[first + j];
      out[at + j] = plus === null ? sum : sum + plus[at + j];
    }
  };
}

/** Of a colour group, after that of the group before it. */
function productOf(op: Op, source: ProductSource, { memory, products }: StepContext): GatheredProduct {
  const product = new GatheredProduct(source, memory, products.get(op) ?? null);
  products.set(op, product);
  return product;
}

function lstmStep(op: LstmOp, group: number, context: StepContext): PixelStep {
  const { program, parameters, values, memory } = context;
  const { shape } = op;
  const { height, width } = program.size;
  const hidden = hiddenFeatures(shape);
  const size = shape.groups[group];
  const start = groupStart(shape.groups, group);
  const initial = op.initial === null ? new Float32Array(2 * hidden) : parameters[op.initial];
  const initialCells = initial.subarray(hidden);
  const taps = stateToState(shape).taps.map(({ dy, dx, position }): ProductTap => ({
    dy,
    dx,
    sees: hidden,
    row: position * hidden * 4 * hidden,
  }));
  const source = {
    size: program.size,
    values: values(op.out),
    features: hidden,
    relu: false,
    taps,
    outside: initial,
    weights: parameters[op.weights],
    stride: 4 * hidden,
    first: 4 * start,
    count: 4 * size,
  };
  const product = productOf(op, source, context);
  const [gates, activations, cells, out] = [op.gates, op.activations, op.cells, op.out].map(values);
  const own = { ...shape, groups: [size] };
  const from = cellFrom[shape.walk];
  return (y, x) => {
    product.compute(y, x);
    const { values: sums } = memory;
    const pixel = y * width + x;
    const at = 4 * (pixel * hidden + start);
    for (let j = 0; j < 4 * size; j++) activations[at + j] = sums[product.sums + j] + gates[at + j];
    const [row, column] = [y + from.dy, x + from.dx];
    const isOutside = row < 0 || row >= height || column < 0 || column >= width;
    const to = pixel * hidden + start;
    if (isOutside) cell(own, activations, at, initialCells, start, cells, out, to);
    else cell(own, activations, at, cells, (row * width + column) * hidden + start, cells, out, to);
  };
}

function addStep({ a, b, rowsDown, out }: AddOp, group: number, { program, values }: StepContext): PixelStep {
  const { width } = program.size;
  const start = groupStart(out.groups, group);
  const size = out.groups[group];
  const [from, added, to] = [a, b, out].map(values);
  return (y, x) => {
    const at = (y * width + x) * out.features + start;
    const above = at - rowsDown * width * out.features;
    for (let j = 0; j < size; j++) to[at + j] = above < 0 ? from[at + j] : from[at + j] + added[above + j];
  };
}
