import type { Channels } from '../foundation/frame.js';

/**
 * Availability of a slot: the point of pixel-by-pixel drawing from which its value at a pixel can be read.
 * - `given`: before the image starts (feature maps of conditionings).
 * - `earlier`: once the earlier pixels that the value is computed from are known; readable by all colours of its pixel.
 * - `image`: the image itself, colour by colour, once each sub-pixel is known.
 * - `pixel`: computed from earlier pixels and the pixel's own earlier colours; group g is readable once colour g is
 *   being predicted.
 * - `row`: computed from its whole row; readable only from the row below (`add` with one row down).
 */
export type Availability = 'given' | 'earlier' | 'image' | 'pixel' | 'row';

/** Slot: a feature map that ops read and write, height x width x features. */
export interface Slot {
  /** Index of the slot in the program. */
  id: number;
  features: number;
  /** Sizes of the colour groups; a `given` slot is one group. */
  groups: readonly number[];
  /** Point of drawing from which the values can be read. */
  ready: Availability;
}

/** Number of floats in the widest vector register; groups that are multiples of this number waste no lanes. */
const VECTOR_WIDTH = 16;

/**
 * Splits features into one group for each colour channel, R first; no other code decides the split. Each group is a
 * multiple of 16 if `features` is, and 16 or more for each channel (128 = 48 + 48 + 32). Otherwise groups are as equal
 * as possible (20 = 7 + 7 + 6).
 * @returns sizes of the groups, in order; their sum is `features`
 * @throws RangeError if there are fewer features than channels
 */
export function cutGroups(features: number, channels: Channels): number[] {
  if (features < channels) throw new RangeError(`cannot cut ${features} features into ${channels} colour groups`);
  const unit = features % VECTOR_WIDTH === 0 && features >= channels * VECTOR_WIDTH ? VECTOR_WIDTH : 1;
  const units = features / unit;
  return Array.from({ length: channels }, (_, group) => {
    const extra = group < units % channels ? 1 : 0;
    return (Math.floor(units / channels) + extra) * unit;
  });
}

/** Returns the index of the first feature of a group. @param groups sizes of all groups, in order */
export function groupStart(groups: readonly number[], group: number): number {
  return groups.slice(0, group).reduce((sum, size) => sum + size, 0);
}

/** Position of an input pixel relative to the output pixel, in raster order. */
type TapPosition = 'earlier' | 'centre' | 'later';

/**
 * Returns `earlier`, `centre` or `later`: the input pixel of a tap comes before the output pixel in raster order, is
 * the output pixel itself, or comes after.
 * @param dy rows from the output pixel down to the input pixel
 * @param dx columns from the output pixel to the right to the input pixel
 */
export function tapPosition(dy: number, dx: number): TapPosition {
  if (dy === 0 && dx === 0) return 'centre';
  return dy < 0 || (dy === 0 && dx < 0) ? 'earlier' : 'later';
}

/**
 * Returns the number of leading input features that each output group may read through a tap: the colour rule
 * (1601.06759, section 3.4). Every group reads all features of earlier pixels and none of later ones; a `given` slot
 * shows all of any pixel. At the centre, the image shows only earlier colours (mask A); features show the same colour
 * too (mask B). A slot that is ready `earlier` shows all at the centre.
 * @param ready availability of the input slot
 * @param groups sizes of the input's colour groups
 * @param outGroups number of output groups
 * @param place position of the tap
 * @throws RangeError if `ready` is `row`: such a slot shows later pixels
 */
export function visibleFeatures(
  ready: Availability,
  groups: readonly number[],
  outGroups: number,
  place: TapPosition,
): number[] {
  if (ready === 'row') throw new RangeError('a slot that needs its whole row can only be added one row down');
  const all = groupStart(groups, groups.length);
  return Array.from({ length: outGroups }, (_, group) => {
    if (ready === 'given' || place === 'earlier') return all;
    if (place === 'later') return 0;
    if (ready === 'earlier') return all;
    return groupStart(groups, ready === 'image' ? group : group + 1);
  });
}
