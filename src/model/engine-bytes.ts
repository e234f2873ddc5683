import type { Network } from './network.js';
import { earlierBytes } from './earlier-pixels/index.js';
import type { Program } from './program.js';
import type { Slot } from './slot.js';

/** What is kept of a slot: rows, columns beside the image, and in how many forms, as it is and after a ReLU. */
interface Kept {
  above: number;
  ahead: number;
  border: number;
  forms: Set<'plain' | 'relu'>;
}

/** Bytes that the engine holds of an image while it draws it, beside the arrays that it is called with. */
export function engineBytes({ program, description }: Network): number {
  return Float32Array.BYTES_PER_ELEMENT * keptFloats(program) + earlierBytes(description);
}

/** The same rows as `scheduleOf` (native/engine/schedule.cc) says and `PixelByPixel` makes room for. */
function keptFloats({ size, slots, ops, out }: Program): number {
  const { width } = size;
  const kept = new Map<Slot, Kept>(slots.map((slot) => [slot, { above: 0, ahead: 0, border: 0, forms: new Set() }]));
  kept.get(out)!.forms.add('plain');
  let floats = 0;
  const read = (slot: Slot, of: Slot, dy = 0, dx = 0, form: 'plain' | 'relu' = 'plain') => {
    const own = kept.get(slot)!;
    own.forms.add(form);
    own.above = Math.max(own.above, -dy);
    own.border = Math.max(own.border, Math.abs(dx));
    // What is given is made row by row before the pixels.
    if (of.ready === 'given') own.ahead = Math.max(own.ahead, kept.get(of)!.ahead + dy);
  };
  // Readers come after what they read.
  for (const op of ops.toReversed()) {
    if (op.op === 'conv') {
      for (const { dy, dx } of op.shape.taps) read(op.x, op.out, dy, dx, op.relu ? 'relu' : 'plain');
      if (op.plus !== null) read(op.plus, op.out);
      if (op.shape.taps.some(({ dy }) => dy < 0)) floats += width * op.out.features;
    } else if (op.op === 'lstm') {
      read(op.gates, op.out);
      // Sums over the row above, and two rows of states and of cells.
      floats += width * op.gates.features + 4 * (width + 2) * op.out.features;
    } else {
      read(op.a, op.out);
      read(op.b, op.out, -op.rowsDown);
    }
  }
  for (const [{ features }, { above, ahead, border, forms }] of kept)
    floats += forms.size * (above + 1 + ahead) * (width + 2 * border) * features;
  return floats;
}
