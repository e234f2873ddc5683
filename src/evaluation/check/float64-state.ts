import type { Size } from '../../frame.js';
import type { Slot } from '../../model/slot.js';

/** What the float64 ops read and write. */
export interface Float64State {
  size: Size;
  /** In the order of the program's. */
  parameters: readonly Float64Array[];
  /** Of each slot, height x width x features. */
  values: (slot: Slot) => Float64Array;
  gradients: (slot: Slot) => Float64Array;
}
