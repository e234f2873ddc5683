import type { Bf16Arrays } from '../backend/convolution-shape.js';
import type { Slot } from './groups.js';
import { getOpRule, type ConvOp, type Op } from './ops/index.js';

/**
 * Returns the arrays of each convolution of a program that a step with products in bf16 stores in bf16, which halves
 * their traffic. These are slots that convolutions alone write and read, and their gradients. A slot that is added to
 * another one shares its gradient, so both are stored alike.
 * @param ops ops of the program, in order
 * @param out slot of the program's output
 */
export function arraysInBf16(ops: readonly Op[], out: Slot): Map<ConvOp, Bf16Arrays> {
  const convolutions = ops.filter((op) => op.op === 'conv');
  const stored = new Set(convolutions.filter(({ out }) => out.features % 2 === 0).map(({ out }) => out.id));
  stored.delete(out.id);
  for (const op of ops) {
    if (op.op === 'conv') continue;
    const rule = getOpRule(op);
    for (const { id } of [...rule.kept(op), ...rule.passing(op)]) stored.delete(id);
  }
  const added = convolutions.filter(({ plus }) => plus !== null);
  /** Returns true if the sum of a slot's gradients begins with this one: no later op reads the slot. */
  const isLastReader = (op: ConvOp) =>
    !convolutions.slice(convolutions.indexOf(op) + 1).some(({ x, plus }) => x === op.plus || plus === op.plus);
  for (const op of added) if (!isLastReader(op)) stored.delete(op.plus!.id);
  for (let size = -1; size !== stored.size;) {
    size = stored.size;
    for (const { plus, out } of added) {
      if (!stored.has(plus!.id)) stored.delete(out.id);
      if (!stored.has(out.id)) stored.delete(plus!.id);
    }
  }
  return new Map(convolutions.map((op) => [op, { x: stored.has(op.x.id), out: stored.has(op.out.id) }]));
}
