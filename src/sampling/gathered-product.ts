import { rectified } from '../backend/typescript/elementwise.js';
import type { ProductMemory } from '../backend/typescript/product-memory.js';
import { BLOCK } from '../backend/typescript/tile.js';
import type { Size } from '../frame.js';

/** Where a product reads: offset of the pixel, and the weights of its leading features. */
export interface ProductTap {
  dy: number;
  dx: number;
  /** Leading features seen. */
  sees: number;
  /** Where in the dense weights the row of the tap's first feature begins. */
  row: number;
}

/** What a product reads and with what weights. */
export interface ProductSource {
  size: Size;
  /** height x width x features. */
  values: Float32Array;
  features: number;
  relu: boolean;
  taps: readonly ProductTap[];
  /** What is read outside the image; zeros where null. */
  outside: Float32Array | null;
  /** Dense weights: rows of `stride` outputs, of which `count` from `first` on are computed. */
  weights: Float32Array;
  stride: number;
  first: number;
  count: number;
}

/** Features first to end - 1 of the pixel at an offset, and where they are gathered. */
interface Run {
  dy: number;
  dx: number;
  first: number;
  end: number;
  to: number;
}

/**
 * The sums of a convolution at one pixel for some of its outputs: gathers the inputs, then multiplies a matrix by them.
 * Each sum is a float64 that runs over the taps in order and the features ascending: the same bits as the TypeScript
 * kernels over a whole image.
 */
export class GatheredProduct {
  /** Where in the memory's values the sums of the pixel last computed begin, `count` of them. */
  readonly sums: number;
  private readonly inputs: number;
  private readonly blocks: number;
  /** Where the inputs of a pixel are gathered. */
  private readonly gathered: number;
  /** What is gathered: of the inputs that the product before has gathered, those stay that lie where they should. */
  private readonly runs: readonly Run[];
  /** For each block of outputs in turn: inputs x BLOCK, zero beyond the last output. */
  private readonly packed: number;

  /** @param before the product that is always computed before this one at a pixel, of the same values; null where there is none */
  constructor(
    private readonly source: ProductSource,
    private readonly memory: ProductMemory,
    before: GatheredProduct | null,
  ) {
    const { taps, features, weights, stride, first, count } = source;
    const inputs = (this.inputs = taps.reduce((sum, { sees }) => sum + sees, 0));
    this.blocks = Math.ceil(count / BLOCK);
    this.gathered = before?.gathered ?? memory.allot(taps.length * features);
    this.runs = runsOf(taps, this.gathered, before?.source.taps ?? null);
    this.sums = memory.allot(this.blocks * BLOCK);
    this.packed = memory.allot(this.blocks * BLOCK * inputs);
    const { values } = memory;
    let input = 0;
    for (const { row, sees } of taps) {
      for (let k = 0; k < sees; k++, input++) {
        for (let j = 0; j < count; j++) {
          const block = Math.floor(j / BLOCK);
          const at = this.packed + (block * inputs + input) * BLOCK + (j % BLOCK);
          values[at] = weights[row + k * stride + first + j];
        }
      }
    }
  }

  compute(y: number, x: number): void {
    this.gather(y, x);
    this.memory.multiplyPixel(this.gathered, this.inputs, this.packed, this.sums, this.blocks);
  }

  private gather(y: number, x: number): void {
    const { size, features, values, relu, outside } = this.source;
    const { values: gathered } = this.memory;
    for (const { dy, dx, first, end, to } of this.runs) {
      const [row, column] = [y + dy, x + dx];
      const isOutside = row < 0 || row >= size.height || column < 0 || column >= size.width;
      if (isOutside) {
        for (let k = first, at = to; k < end; k++, at++) gathered[at] = outside === null ? 0 : outside[k];
        continue;
      }
      let at = to;
      let from = (row * size.width + column) * features + first;
      const last = from + end - first;
      if (relu) for (; from < last; from++, at++) gathered[at] = rectified(values[from]);
      else for (; from < last; from++, at++) gathered[at] = values[from];
    }
  }
}

function runsOf(taps: readonly ProductTap[], gathered: number, before: readonly ProductTap[] | null): Run[] {
  const runs: Run[] = [];
  let to = gathered;
  let lieAlike = before !== null;
  taps.forEach(({ dy, dx, sees }, t) => {
    const seenBefore = before !== null && lieAlike ? before[t].sees : 0;
    const first = Math.min(seenBefore, sees);
    if (first < sees) runs.push({ dy, dx, first, end: sees, to: to + first });
    lieAlike &&= seenBefore === sees;
    to += sees;
  });
  return runs;
}
