import { stateTaps } from '../../src/backend/scan-shape.js';
import type { Channels } from '../../src/foundation/frame.js';
import { frameBytes } from '../../src/foundation/levels.js';
import { groupStart, type Slot } from '../../src/model/groups.js';
import type { Op } from '../../src/model/ops/index.js';
import type { Program } from '../../src/model/program.js';
import { lastReads } from '../../src/model/whole-image.js';

/** Receptive fields of a network: the sub-pixels that the output for each sub-pixel can depend on. */
export interface ReceptiveFields {
  size: Program['size'];
  channels: Channels;
  /**
   * Returns true if the output for sub-pixel `output` can depend on sub-pixel `input`. Indices count the sub-pixels in
   * raster order, R, G, B within a pixel.
   */
  reaches: (input: number, output: number) => boolean;
}

/** Read of an op at a pixel: one group of a slot, `dy` rows down and `dx` columns to the right. */
interface Read {
  slot: Slot;
  dy: number;
  dx: number;
  group: number;
}

/**
 * Returns the receptive fields of a program without features of earlier pixels. Propagates, from op to op, the set of
 * sub-pixels that each colour group at each pixel can depend on: by the taps of convolutions and of LSTM states, and by
 * the rows that a sum shifts its second input down.
 *
 * Time and memory grow with the square of the number of sub-pixels: 64x64 RGB takes about a second.
 */
export function traceReceptiveFields(program: Program): ReceptiveFields {
  const { size, image, ops, out } = program;
  const channels: Channels = image.groups.length === 1 ? 1 : 3;
  const count = frameBytes({ size, channels });
  const emptySets = (sets: number) => Array.from({ length: sets }, () => new Uint32Array(Math.ceil(count / 32)));
  const own = emptySets(count);
  own.forEach((set, subPixel) => (set[subPixel >>> 5] |= 1 << (subPixel & 31)));
  /** Sets of each live slot: set `pixel * groups + group`. Slots of conditioning inputs contain no sub-pixels. */
  const reached = new Map([[image.id, own]]);
  const last = lastReads(program, false);
  for (const op of ops) {
    if (op.out.ready === 'given') continue;
    const sets = emptySets((count / channels) * op.out.groups.length);
    reached.set(op.out.id, sets);
    propagate(op, reached, sets, size);
    for (const id of last.get(op)!) reached.delete(id);
  }
  const sets = reached.get(out.id)!;
  const reaches = (input: number, output: number) => ((sets[output][input >>> 5] >>> (input & 31)) & 1) === 1;
  return { size, channels, reaches };
}

function readsOf(op: Op, group: number): Read[] {
  const here = (slot: Slot): Read => ({ slot, dy: 0, dx: 0, group });
  const leading = (slot: Slot, features: number, { dy, dx }: { dy: number; dx: number }) =>
    slot.groups.flatMap((_, from): Read[] =>
      groupStart(slot.groups, from) < features ? [{ slot, dy, dx, group: from }] : [],
    );
  switch (op.op) {
    case 'conv': {
      const reads = op.shape.taps.flatMap((tap) => leading(op.x, tap.sees[group], tap));
      return op.plus === null ? reads : [...reads, here(op.plus)];
    }
    case 'lstm': {
      const { gates, out, shape } = op;
      return [here(gates), ...stateTaps[shape.scanOrder].flatMap((tap) => leading(out, out.features, tap))];
    }
    case 'add':
      return [here(op.a), { ...here(op.b), dy: -op.rowsDown }];
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
  const reads = op.out.groups.map((_, group) => readsOf(op, group).filter(({ slot }) => reached.has(slot.id)));
  const fromRight = op.op === 'lstm' && op.shape.scanOrder === 'mirrored-diagonals';
  for (let y = 0; y < height; y++)
    for (let step = 0; step < width; step++) {
      const x = fromRight ? width - 1 - step : step;
      for (let group = 0; group < groups; group++) {
        const set = sets[(y * width + x) * groups + group];
        for (const { slot, dy, dx, group: from } of reads[group]) {
          const row = y + dy;
          const column = x + dx;
          if (row < 0 || column < 0 || row >= height || column >= width) continue;
          const read = reached.get(slot.id)![(row * width + column) * slot.groups.length + from];
          for (let word = 0; word < set.length; word++) set[word] |= read[word];
        }
      }
    }
}

/** Bit set of sub-pixels. */
type SubPixelSet = Uint32Array;
