import type { AddOp, Op } from '../../model/ops/index.js';
import type { Program } from '../../model/program.js';
import { backwardConv, forwardConv } from './float64-conv.js';
import { backwardLstm, forwardLstm } from './float64-lstm.js';
import type { Float64State } from './float64-state.js';

/**
 * A program as plain loops in float64, forward over one image and in reverse from one output: what the tensor executors
 * compute, written apart from them, for the gradients that tell what an output depends on.
 */
export class Float64Program {
  private readonly state: Float64State;

  /** @param parameters in the order of the program's */
  constructor(
    private readonly program: Program,
    parameters: readonly Float64Array[],
  ) {
    const { size, slots } = program;
    const planes = () =>
      new Map(slots.map(({ id, features }) => [id, new Float64Array(size.height * size.width * features)]));
    const [values, gradients] = [planes(), planes()];
    this.state = {
      size,
      parameters,
      values: ({ id }) => values.get(id)!,
      gradients: ({ id }) => gradients.get(id)!,
    };
  }

  /**
   * Computes every slot.
   *
   * @param image values of the program's `image`, height x width x features
   * @param map values of its `map`; null where it has none
   * @param matched values of its `matched`; null where it has none
   * @returns values of its `out`, overwritten by the next run
   */
  run(image: ArrayLike<number>, map: ArrayLike<number> | null, matched: ArrayLike<number> | null = null): Float64Array {
    const { program, state } = this;
    state.values(program.image).set(image);
    if (program.map !== null && map !== null) state.values(program.map).set(map);
    if (program.matched !== null && matched !== null) state.values(program.matched).set(matched);
    for (const op of program.ops) forward(op, state);
    return state.values(program.out);
  }

  /**
   * The gradient of the weighted sum of an output group at a pixel with respect to the image, at the values of the last
   * run.
   *
   * @param pixel row * width + column
   * @param weights one for each output of the group
   * @returns height x width x features of the program's `image`, overwritten by the next call
   */
  imageGradient(pixel: number, group: number, weights: ArrayLike<number>): Float64Array {
    const { state, program } = this;
    const { slots, image, out, ops } = program;
    for (const slot of slots) state.gradients(slot).fill(0);
    const first = out.groups.slice(0, group).reduce((sum, size) => sum + size, 0);
    for (let k = 0; k < out.groups[group]; k++) state.gradients(out)[pixel * out.features + first + k] = weights[k];
    // What was given before the image has nothing of it behind.
    for (const op of [...ops].reverse()) if (op.out.ready !== 'given') backward(op, state);
    return state.gradients(image);
  }

  /** The same gradient with respect to what template matching found, height x width x features; null where it is not read. */
  matchedGradient(): Float64Array | null {
    const { matched } = this.program;
    return matched === null ? null : this.state.gradients(matched);
  }
}

function forward(op: Op, state: Float64State): void {
  switch (op.op) {
    case 'conv':
      return forwardConv(op, state);
    case 'lstm':
      return forwardLstm(op, state);
    case 'add':
      return forwardAdd(op, state);
  }
}

function backward(op: Op, state: Float64State): void {
  switch (op.op) {
    case 'conv':
      return backwardConv(op, state);
    case 'lstm':
      return backwardLstm(op, state);
    case 'add':
      return backwardAdd(op, state);
  }
}

/** out[row] = a[row] + b[row - rowsDown], b zero above the image. */
function forwardAdd({ a, b, rowsDown, out }: AddOp, { size, values }: Float64State): void {
  const [first, second, sum] = [a, b, out].map(values);
  const shift = rowsDown * size.width * out.features;
  for (let at = 0; at < sum.length; at++) sum[at] = first[at] + (at < shift ? 0 : second[at - shift]);
}

/** d a += d out; d b[row - rowsDown] += d out[row]. */
function backwardAdd({ a, b, rowsDown, out }: AddOp, { size, gradients }: Float64State): void {
  const [first, second, sum] = [a, b, out].map(gradients);
  const shift = rowsDown * size.width * out.features;
  for (let at = 0; at < sum.length; at++) first[at] += sum[at];
  for (let at = shift; at < sum.length; at++) second[at - shift] += sum[at];
}
