import type { Ready } from './groups.js';

/** A feature map that ops read and write: height x width x features. */
export interface Slot {
  id: number;
  features: number;
  /** Sizes of the colour groups; a `given` slot is one group. */
  groups: readonly number[];
  ready: Ready;
}
