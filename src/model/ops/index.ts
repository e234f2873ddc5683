import { add, type AddOp } from './add.js';
import { conv, type ConvOp } from './conv.js';
import { lstm, type LstmOp } from './lstm.js';
import type { OpRule } from './rule.js';

export { BackwardPass, type OpRule, type SlotTensors } from './rule.js';
export type { AddOp, ConvOp, LstmOp };

/** Op of a program: one operation between the pixels and the head. */
export type Op = ConvOp | LstmOp | AddOp;

const rules: { [K in Op['op']]: OpRule<Extract<Op, { op: K }>> } = { conv, lstm, add };

/** Returns the forward and backward pass of an op. */
export function getOpRule(op: Op): OpRule<Op> {
  return rules[op.op];
}
