import type { Slot } from './groups.js';
import { getOpRule, type ConvOp, type Op } from './ops/index.js';

/**
 * Returns the ids of the slots that a step with products in bf16 stores in bf16, with their gradients, which halves
 * their traffic. These are slots that convolutions write and read, and the gates and activations of LSTMs. A slot that
 * is added to another one shares its gradient, so both are stored alike.
 * @param ops ops of the program, in order
 * @param out slot of the program's output
 */
export function slotsInBf16(ops: readonly Op[], out: Slot): ReadonlySet<number> {
  const convolutions = ops.filter((op) => op.op === 'conv');
  const stored = new Set(convolutions.filter(({ out }) => out.features % 2 === 0).map(({ out }) => out.id));
  stored.delete(out.id);
  const readBy = (op: Op) => [...getOpRule(op).kept(op), ...getOpRule(op).passing(op)];
  const hasOneReader = (slot: Slot) => ops.filter((op) => readBy(op).includes(slot)).length === 1;
  for (const op of ops) {
    if (op.op === 'conv') continue;
    for (const slot of readBy(op))
      if (op.op !== 'lstm' || slot !== op.gates || !hasOneReader(slot)) stored.delete(slot.id);
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
  for (const op of ops) if (op.op === 'lstm' && stored.has(op.gates.id)) stored.add(op.activations.id);
  return stored;
}
