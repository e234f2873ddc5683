import { earlierBytes } from './earlier-pixels/index.js';
import type { Network } from './network.js';
import type { Slot } from './groups.js';

/**
 * Returns the bytes that the engine allocates for one image while it is drawn, with its reference frames. Other arrays
 * that are passed to `ImageEngine.draw` are not counted.
 */
export function engineMemory({ program: { ops, size, out }, description }: Network): number {
  // Rows of each slot that ops read, plain and after a ReLU, as in native/engine/schedule.cc.
  const kept = { plain: new Map<Slot, number>([[out, 1]]), relu: new Map<Slot, number>() };
  const read = (slot: Slot, above = 0, form: keyof typeof kept = 'plain') =>
    kept[form].set(slot, Math.max(kept[form].get(slot) ?? 1, above + 1));
  let features = 0;
  for (const op of ops) {
    if (op.op === 'add') {
      read(op.a);
      read(op.b, op.rowsDown);
    } else if (op.op === 'lstm') {
      read(op.gates);
      // Sums over the row above, and two rows of states and of cells.
      features += op.gates.features + 4 * op.out.features;
    } else {
      const above = Math.max(...op.shape.taps.map(({ dy }) => -dy));
      read(op.x, above, op.relu ? 'relu' : 'plain');
      if (op.plus !== null) read(op.plus);
      if (above > 0) features += op.out.features;
    }
  }
  for (const [slot, rows] of [...kept.plain, ...kept.relu]) features += rows * slot.features;
  return Float32Array.BYTES_PER_ELEMENT * size.width * features + earlierBytes(description);
}
