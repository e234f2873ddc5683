import type { Bf16Arrays } from '../backend/convolution-shape.js';
import type { Slot } from './groups.js';
import { getOpRule, type ConvOp, type Op } from './ops/index.js';

/**
 * Returns the arrays of each convolution of a program that a step with products in bf16 stores in bf16, which halves
 * their traffic. These are the slots that one convolution alone reads, after a ReLU, and their gradients. Products
 * round such values to bf16 anyway, so results have the same bits, but for sums of gradients of biases.
 * @param ops ops of the program, in order
 * @param out slot of the program's output
 */
export function arraysInBf16(ops: readonly Op[], out: Slot): Map<ConvOp, Bf16Arrays> {
  const convolutions = ops.filter((op) => op.op === 'conv');
  const writers = new Map(convolutions.map((op) => [op.out.id, op]));
  const reads = ops.flatMap((op) => {
    const rule = getOpRule(op);
    return [...rule.kept(op), ...rule.passing(op)].map(({ id }) => id);
  });
  /** Returns true if one op alone reads the slot, and the slot added to it, if any: their gradients are one tensor. */
  const hasOneGradient = (slot: Slot): boolean => {
    const writer = writers.get(slot.id);
    if (writer === undefined || slot.id === out.id || reads.filter((id) => id === slot.id).length !== 1) return false;
    return writer.plus === null || hasOneGradient(writer.plus);
  };
  const stored = new Set(
    convolutions.filter(({ x, relu }) => relu && x.features % 2 === 0 && hasOneGradient(x)).map(({ x }) => x.id),
  );
  // What is added to a sum has the sum's gradient.
  const gradients = new Set<number>(stored);
  for (const { out, plus } of convolutions.toReversed())
    if (plus !== null && gradients.has(out.id)) gradients.add(plus.id);
  return new Map(
    convolutions.map((op) => {
      const [x, result] = [op.x, op.out].map(({ id }) => stored.has(id));
      return [op, { x, out: result, dy: gradients.has(op.out.id) }];
    }),
  );
}
