import { addMoved } from '../../backend/element-wise.js';
import type { Slot } from '../groups.js';
import type { OpRule } from './rule.js';

/** Op that adds two slots: out[row] = a[row] + b[row - rowsDown], where b is zero above the image. */
export interface AddOp {
  op: 'add';
  a: Slot;
  b: Slot;
  /** Number of rows by which b is shifted down. */
  rowsDown: 0 | 1;
  out: Slot;
}

/** Forward and backward pass of `AddOp`. */
export const add: OpRule<AddOp> = {
  kept: () => [],
  passing: ({ a, b }) => [a, b],

  forward({ a, b, rowsDown, out }, _, values) {
    values.set(out.id, addMoved(values.get(a.id)!, values.get(b.id)!, rowsDown));
  },

  /** d a = d out; d b = d out moved up again. */
  backward({ a, b, rowsDown, out }, pass) {
    const dy = pass.gradient(out)!;
    pass.add(a, dy);
    pass.add(b, rowsDown === 0 ? dy : addMoved(null, dy, -rowsDown));
  },
};
