import { rectified } from '../backend/typescript/elementwise.js';
import type { ProductMemory } from '../backend/typescript/product-memory.js';
import { BLOCK } from '../backend/typescript/tile.js';
import type { Size } from '../frame.js';

/** Where a product reads: offset of the pixel, and the weights of its leading features. */
export interface ProductTap {
  dy: number;
  dx: number;
  /** Leading features seen, 1 or more. */
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
  /** For each block of outputs in turn: inputs x BLOCK, zero beyond the last output. */
  private readonly packed: number;

  constructor(
    private readonly source: ProductSource,
    private readonly memory: ProductMemory,
  ) {
    const { taps, weights, stride, first, count } = source;
    const inputs = (this.inputs = taps.reduce((sum, { sees }) => sum + sees, 0));
    this.blocks = Math.ceil(count / BLOCK);
    this.gathered = memory.allot(inputs);
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
    const { taps, size, features, values, relu, outside } = this.source;
    const { values: gathered } = this.memory;
    let at = this.gathered;
    for (const { dy, dx, sees } of taps) {
      const [row, column] = [y + dy, x + dx];
      const isOutside = row < 0 || row >= size.height || column < 0 || column >= size.width;
      if (isOutside) {
        for (let k = 0; k < sees; k++) gathered[at++] = outside === null ? 0 : outside[k];
        continue;
      }
      let from = (row * size.width + column) * features;
      const end = at + sees;
      if (relu) for (; at < end; at++, from++) gathered[at] = rectified(values[from]);
      else for (; at < end; at++, from++) gathered[at] = values[from];
    }
  }
}
