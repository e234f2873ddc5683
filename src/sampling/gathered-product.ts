import type { Size } from '../frame.js';

/** Outputs computed side by side, in registers. */
const BLOCK = 8;

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
  /** The sums of the pixel last computed, `count` of them. */
  readonly sums: Float64Array;
  /** Float32 as the weights, kept in what JavaScript computes in. */
  private readonly gathered: Float64Array;
  /** For each block of outputs in turn: inputs x BLOCK, zero beyond the last output. */
  private readonly packed: Float64Array;

  constructor(private readonly source: ProductSource) {
    const { taps, weights, stride, first, count } = source;
    const inputs = taps.reduce((sum, { sees }) => sum + sees, 0);
    const blocks = Math.ceil(count / BLOCK);
    this.gathered = new Float64Array(inputs);
    this.sums = new Float64Array(blocks * BLOCK);
    this.packed = new Float64Array(blocks * BLOCK * inputs);
    let input = 0;
    for (const { row, sees } of taps) {
      for (let k = 0; k < sees; k++, input++) {
        for (let j = 0; j < count; j++) {
          const block = Math.floor(j / BLOCK);
          this.packed[(block * inputs + input) * BLOCK + (j % BLOCK)] = weights[row + k * stride + first + j];
        }
      }
    }
  }

  compute(y: number, x: number): void {
    this.gather(y, x);
    const { gathered, packed, sums } = this;
    const inputs = gathered.length;
    for (let block = 0, w = 0; block < sums.length; block += BLOCK) {
      // prettier-ignore
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let i = 0; i < inputs; i++, w += BLOCK) {
        const value = gathered[i];
        a += value * packed[w];
        b += value * packed[w + 1];
        c += value * packed[w + 2];
        d += value * packed[w + 3];
        e += value * packed[w + 4];
        f += value * packed[w + 5];
        g += value * packed[w + 6];
        h += value * packed[w + 7];
      }
      sums[block] = a;
      sums[block + 1] = b;
      sums[block + 2] = c;
      sums[block + 3] = d;
      sums[block + 4] = e;
      sums[block + 5] = f;
      sums[block + 6] = g;
      sums[block + 7] = h;
    }
  }

  private gather(y: number, x: number): void {
    const { taps, size, features, values, relu, outside } = this.source;
    const { gathered } = this;
    let at = 0;
    for (const { dy, dx, sees } of taps) {
      const [row, column] = [y + dy, x + dx];
      const isOutside = row < 0 || row >= size.height || column < 0 || column >= size.width;
      if (isOutside) {
        for (let k = 0; k < sees; k++) gathered[at++] = outside === null ? 0 : outside[k];
        continue;
      }
      let from = (row * size.width + column) * features;
      for (const end = at + sees; at < end; at++, from++) {
        const value = values[from];
        gathered[at] = relu && value < 0 ? 0 : value;
      }
    }
  }
}
