import type { ScanOrder } from '../backend/scan-shape.js';
import type { Channels } from '../foundation/frame.js';
import { frameBytes } from '../foundation/levels.js';
import type { earlierTaps } from '../model/earlier-pixels/index.js';
import type { Op } from '../model/ops/index.js';
import type { Program } from '../model/program.js';
import type { Slot } from '../model/groups.js';
import { lastReads } from '../model/whole-image.js';
import { kernelOffsets, expectedRowsDown, unmaskedGroups } from './masks.js';
import { type SubPixelGrid } from './sub-pixels.js';

/** Receptive fields of a network: the sub-pixels that the output for each sub-pixel can depend on. */
export interface ReceptiveFields extends SubPixelGrid {
  /**
   * Offsets (dy, dx) of the earlier pixels that the network's features of earlier pixels are computed from. Null: all
   * pixels before, in raster order. Undefined: the network has no such features.
   */
  earlier?: ReturnType<typeof earlierTaps>;
  /**
   * Returns true if the output for sub-pixel `output` can depend on sub-pixel `input`; indices as in `SubPixelGrid`.
   */
  reaches: (input: number, output: number) => boolean;
  /** Returns true if any output can depend on sub-pixel `input`. */
  isSeen: (input: number) => boolean;
}

/** Read of an op at a pixel: one group of a slot, `dy` rows down and `dx` columns to the right. */
interface Read {
  slot: Slot;
  dy: number;
  dx: number;
  group: number;
}

/**
 * Offsets in columns of the pixels that an LSTM state depends on, in the row above and in its own row (1601.06759,
 * sections 3.1 and 3.2).
 */
const stateColumns: Readonly<Record<ScanOrder, { above: readonly number[]; beside: readonly number[] }>> = {
  rows: { above: [-1, 0, 1], beside: [] },
  diagonals: { above: [0], beside: [-1] },
  'mirrored-diagonals': { above: [0], beside: [1] },
};

/**
 * Returns the receptive fields that a program should have by its design. Propagates, from op to op, the set of
 * sub-pixels that each colour group at each pixel can depend on. Each op is modelled as a kernel under the paper's
 * masks, an LSTM scan, or a sum. The program's own list of taps is not used, so a missing or extra tap shows as a
 * difference.
 *
 * Time and memory grow with the square of the number of sub-pixels: 64x64 RGB takes about a second.
 * @param earlier offsets of earlier pixels, as `earlierTaps` returns them
 */
export function expectedReceptiveFields(program: Program, earlier: ReceptiveFields['earlier'] = []): ReceptiveFields {
  const { size, image, earlierFeatures, ops, out } = program;
  const channels: Channels = image.groups.length === 1 ? 1 : 3;
  const grid = { size, channels, earlier };
  const count = frameBytes(grid);
  const emptySets = (sets: number) => Array.from({ length: sets }, () => new Uint32Array(Math.ceil(count / 32)));
  const own = emptySets(count);
  own.forEach((set, subPixel) => add(set, subPixel));
  /**
   * Sets of each live slot: set `pixel * groups + group`. Slots of conditioning inputs contain no sub-pixels of the
   * image.
   */
  const reached = new Map([[image.id, own]]);
  if (earlierFeatures !== null) {
    const made = emptySets(count / channels);
    made.forEach((set, pixel) => earlierSubPixels(grid, pixel).forEach((subPixel) => add(set, subPixel)));
    reached.set(earlierFeatures.id, made);
  }
  const last = lastReads(program, false);
  for (const op of ops) {
    if (op.out.ready === 'given') continue;
    const sets = emptySets((count / channels) * op.out.groups.length);
    reached.set(op.out.id, sets);
    propagate(op, reached, sets, size);
    for (const id of last.get(op)!) reached.delete(id);
  }
  const sets = reached.get(out.id)!;
  const [seen] = emptySets(1);
  for (const set of sets) unite(seen, set);
  return { ...grid, reaches: (input, output) => has(sets[output], input), isSeen: (input) => has(seen, input) };
}

/**
 * Returns the indices of the sub-pixels that the features made from earlier pixels read for `pixel`: all channels of
 * the pixels at the offsets `earlier`. Offsets outside the image are omitted. If `earlier` is null, returns all
 * sub-pixels of earlier pixels; if undefined, none.
 * @param pixel index in raster order
 */
export function earlierSubPixels(
  { size, channels, earlier = [] }: Omit<ReceptiveFields, 'reaches' | 'isSeen'>,
  pixel: number,
): number[] {
  if (earlier === null) return Array.from({ length: pixel * channels }, (_, subPixel) => subPixel);
  const y = Math.floor(pixel / size.width);
  const x = pixel % size.width;
  return earlier.flatMap(({ dy, dx }) => {
    const row = y + dy;
    const column = x + dx;
    if (row < 0 || column < 0 || column >= size.width) return [];
    return Array.from({ length: channels }, (_, channel) => (row * size.width + column) * channels + channel);
  });
}

function promisedReads(op: Op, group: number): Read[] {
  const here = (slot: Slot): Read => ({ slot, dy: 0, dx: 0, group });
  const leading = (slot: Slot, groups: number, dy: number, dx: number) =>
    Array.from({ length: groups }, (_, from): Read => ({ slot, dy, dx, group: from }));
  switch (op.op) {
    case 'conv': {
      const { x, plus, shape } = op;
      const reads = kernelOffsets(shape).flatMap(({ dy, dx }) => leading(x, unmaskedGroups(x, group, dy, dx), dy, dx));
      return plus === null ? reads : [...reads, here(plus)];
    }
    case 'lstm': {
      const { gates, out, shape } = op;
      const { above, beside } = stateColumns[shape.scanOrder];
      const states = (dy: number, columns: readonly number[]) =>
        columns.flatMap((dx) => leading(out, out.groups.length, dy, dx));
      return [here(gates), ...states(-1, above), ...states(0, beside)];
    }
    case 'add':
      return [here(op.a), { ...here(op.b), dy: -expectedRowsDown(op) }];
  }
}

/** Fills the sets of an op's output, pixel by pixel in its scan order. */
function propagate(
  op: Op,
  reached: ReadonlyMap<number, readonly SubPixelSet[]>,
  sets: readonly SubPixelSet[],
  { height, width }: Program['size'],
): void {
  const groups = op.out.groups.length;
  const reads = op.out.groups.map((_, group) => promisedReads(op, group).filter(({ slot }) => reached.has(slot.id)));
  const fromRight = op.op === 'lstm' && op.shape.scanOrder === 'mirrored-diagonals';
  for (let y = 0; y < height; y++)
    for (let step = 0; step < width; step++) {
      const x = fromRight ? width - 1 - step : step;
      for (let group = 0; group < groups; group++) {
        const set = sets[(y * width + x) * groups + group];
        for (const { slot, dy, dx, group: from } of reads[group]) {
          const row = y + dy;
          const column = x + dx;
          if (row < 0 || column < 0 || column >= width) continue;
          unite(set, reached.get(slot.id)![(row * width + column) * slot.groups.length + from]);
        }
      }
    }
}

/** Bit set of sub-pixels. */
type SubPixelSet = Uint32Array;

function add(set: SubPixelSet, subPixel: number): void {
  set[subPixel >>> 5] |= 1 << (subPixel & 31);
}

function has(set: SubPixelSet, subPixel: number): boolean {
  return ((set[subPixel >>> 5] >>> (subPixel & 31)) & 1) === 1;
}

function unite(set: SubPixelSet, other: SubPixelSet): void {
  for (let word = 0; word < set.length; word++) set[word] |= other[word];
}
