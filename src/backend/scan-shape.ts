import type { ConvolutionShape, Tap } from './convolution-shape.js';

/**
 * Scan order of an LSTM layer: the order of visits to the pixels of an image (1601.06759, sections 3.1 and 3.2). No
 * copy of the image is skewed.
 * - `rows`: row by row; a pixel's state comes from the three pixels above, its cell from the pixel above.
 * - `diagonals`: a pixel's state comes from the pixels above and to the left, its cell from the pixel to the left.
 * - `mirrored-diagonals`: the same on the mirrored image: above and to the right, the cell from the right.
 */
export type ScanOrder = 'rows' | 'diagonals' | 'mirrored-diagonals';

/**
 * Geometry of an LSTM layer of h hidden features over an image.
 *
 *     s = gates + sum over taps t of weights[t] h[pixel + t]      4h features: for each colour group in turn o, f, i, g
 *     c = sigmoid(f) c[pixel + cellFrom] + sigmoid(i) tanh(g)
 *     h = sigmoid(o) tanh(c)
 *
 * The scan order gives the taps, `stateTaps`, and cellFrom, `previousCellOffset`. States outside the image are the
 * initial states, or zero. The sum runs as in a convolution: taps in the order listed, features ascending, one
 * accumulator from zero, then the gates are added.
 */
export interface ScanShape {
  height: number;
  width: number;
  /** Scan order. */
  scanOrder: ScanOrder;
  /** Sizes of the colour groups of h, in order; their sum is h. */
  groups: readonly number[];
  /** True if the gates, their activations and their gradients are stored in bf16, two in each float. Default: false. */
  gatesInBf16?: boolean;
}

/** Offset from one pixel to another. */
export type Offset = Pick<Tap, 'dy' | 'dx'>;
const above: Offset = { dy: -1, dx: 0 };
const left: Offset = { dy: 0, dx: -1 };
const right: Offset = { dy: 0, dx: 1 };

/** Offsets from a pixel to the earlier pixels that its state comes from, in the order of the weights, by scan order. */
export const stateTaps: Readonly<Record<ScanOrder, readonly Offset[]>> = {
  rows: [{ dy: -1, dx: -1 }, above, { dy: -1, dx: 1 }],
  diagonals: [above, left],
  'mirrored-diagonals': [above, right],
};

/** Offset from a pixel to the pixel that its cell state comes from, by scan order. */
export const previousCellOffset: Readonly<Record<ScanOrder, Offset>> = {
  rows: above,
  diagonals: left,
  'mirrored-diagonals': right,
};

/** Returns the number of hidden features of an LSTM layer, h: the sum of its colour groups. */
export function hiddenFeatures({ groups }: ScanShape): number {
  return groups.reduce((sum, size) => sum + size, 0);
}

const convolutions = new WeakMap<ScanShape, ConvolutionShape>();

/**
 * Returns the state-to-state product as a convolution from h to the 4h gates, without bias; the same object for the
 * same shape. No weight is masked, as taps reach only earlier pixels. The weights have the shape [1, taps, h, 4h].
 */
export function stateToState(shape: ScanShape): ConvolutionShape {
  const known = convolutions.get(shape);
  if (known) return known;
  const { height, width, scanOrder, gatesInBf16 = false } = shape;
  const hidden = hiddenFeatures(shape);
  const taps = stateTaps[scanOrder];
  const convolution = {
    inHeight: height,
    inWidth: width,
    inFeatures: hidden,
    outHeight: height,
    outWidth: width,
    outFeatures: 4 * hidden,
    stride: 1,
    kernel: { height: 1, width: taps.length },
    groups: [4 * hidden],
    taps: taps.map(({ dy, dx }, position) => ({ dy, dx, position, sees: [hidden] })),
    inBf16: { x: false, out: gatesInBf16 },
  };
  convolutions.set(shape, convolution);
  return convolution;
}

/**
 * Returns the steps of a scan: arrays of pixels, as row * width + column, that can be computed in parallel once the
 * step before is done. Steps are rows from the top, or diagonals from the upper left corner (mirrored: the upper
 * right).
 */
export function scanSteps({ height, width, scanOrder }: ScanShape): number[][] {
  const steps = Array.from({ length: scanOrder === 'rows' ? height : height + width - 1 }, (): number[] => []);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const fromSide = scanOrder === 'mirrored-diagonals' ? width - 1 - column : column;
      steps[scanOrder === 'rows' ? row : row + fromSide].push(row * width + column);
    }
  return steps;
}
