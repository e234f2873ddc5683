import type { Channels } from '../foundation/frame.js';

/**
 * When the value of a slot at a position may be read.
 * - `given`: before the image is begun (conditioning maps).
 * - `earlier`: made of the pixels before its own, once they are known; all colours of its pixel may read it.
 * - `image`: the image itself; colour by colour, as each sub-pixel becomes known.
 * - `pixel`: computed from the pixel's own earlier colours and from earlier pixels; its group g may be read once
 *   colour g is being predicted.
 * - `row`: computed from the whole of its row: may be read only from the row below (`add` with one row down).
 */
export type Availability = 'given' | 'earlier' | 'image' | 'pixel' | 'row';

/** A feature map that ops read and write: height x width x features. */
export interface Slot {
  id: number;
  features: number;
  /** Sizes of the colour groups; a `given` slot is one group. */
  groups: readonly number[];
  ready: Availability;
}

/** Floats that the widest vector register holds; groups that are multiples of it waste no lanes. */
const VECTOR_WIDTH = 16;

/**
 * Cuts features into one group for each colour channel, R first: the only place where this is decided. Where there are
 * enough whole vectors of 16 they are cut at their boundaries (128 = 48 + 48 + 32), else as evenly as can be (20 = 7 +
 * 7 + 6).
 * @returns sizes of the groups, in order; their sum is `features`
 * @throws RangeError where there are fewer features than channels
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

/** First feature of a group. */
export function groupStart(groups: readonly number[], group: number): number {
  return groups.slice(0, group).reduce((sum, size) => sum + size, 0);
}

/** Where an input pixel lies, in raster order, as seen from the output pixel. */
export type TapPosition = 'earlier' | 'centre' | 'later';

export function tapPosition(dy: number, dx: number): TapPosition {
  if (dy === 0 && dx === 0) return 'centre';
  return dy < 0 || (dy === 0 && dx < 0) ? 'earlier' : 'later';
}

/**
 * The colour rule (1601.06759, section 3.4): how many leading features of the input, whose groups have these sizes,
 * each output group may see through a tap. The masks follow from what is read: the image at the centre shows only
 * earlier colours (mask A), features at the centre show the same colour too (mask B).
 * @throws RangeError for a `row` slot, which shows what is still to come
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
