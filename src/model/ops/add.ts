import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Slot } from '../slot.js';
import type { OpRule } from './rule.js';

/** out[row] = a[row] + b[row - rowsDown], b zero above the image. */
export interface AddOp {
  op: 'add';
  a: Slot;
  b: Slot;
  rowsDown: 0 | 1;
  out: Slot;
}

export const add: OpRule<AddOp> = {
  kept: () => [],
  passing: ({ a, b }) => [a, b],

  forward({ a, b, rowsDown, out }, _, values) {
    values.set(
      out.id,
      tf.tidy(() => tf.add<Tensor4D>(values.get(a.id)!, moved(values.get(b.id)!, rowsDown))),
    );
  },

  /** d a = d out; d b = d out moved up again. */
  backward({ a, b, rowsDown, out }, pass) {
    const dy = pass.gradient(out)!;
    pass.add(a, dy);
    pass.add(b, rowsDown === 0 ? dy : tf.tidy(() => moved(dy, -1)));
  },
};

/** The map moved down by some rows (up where negative), zeros coming in. */
function moved(map: Tensor4D, rows: number): Tensor4D {
  if (rows === 0) return map;
  const [batch, height, width, features] = map.shape;
  const [down, up] = [Math.max(rows, 0), Math.max(-rows, 0)];
  const kept = tf.slice(map, [0, up, 0, 0], [batch, height - down - up, width, features]);
  return tf.pad(kept, [
    [0, 0],
    [down, up],
    [0, 0],
    [0, 0],
  ]);
}
