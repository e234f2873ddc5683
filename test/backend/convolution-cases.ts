import { denseConvolution, filterMask, type ConvolutionShape } from '../../src/backend/convolution-shape.js';
import { randomFloats } from '../random.js';

interface ConvolutionCase {
  name: string;
  batch: number;
  shape: ConvolutionShape;
}

/** Which input groups the centre tap of a masked convolution sees: only earlier ones, or its own as well. */
type Mask = 'A' | 'B';

function ends(groups: number[]): number[] {
  return groups.map((_, i) => groups.slice(0, i + 1).reduce((a, b) => a + b, 0));
}

/** A masked convolution that keeps the size: taps above and to the left see all, the centre tap by mask. */
export function masked(
  height: number,
  width: number,
  kernel: { height: number; width: number },
  mask: Mask,
  inGroups: number[],
  groups: number[],
): ConvolutionShape {
  const inEnds = ends(inGroups);
  const inFeatures = inEnds[inEnds.length - 1];
  const centre = { y: kernel.height >> 1, x: kernel.width >> 1 };
  const centreSees = groups.map((_, g) => (mask === 'B' ? inEnds[g] : (inEnds[g - 1] ?? 0)));
  const taps = [];
  for (let position = 0; position <= centre.y * kernel.width + centre.x; position++) {
    const dy = Math.floor(position / kernel.width) - centre.y;
    const dx = (position % kernel.width) - centre.x;
    taps.push({ dy, dx, position, sees: dy === 0 && dx === 0 ? centreSees : groups.map(() => inFeatures) });
  }
  const size = { inHeight: height, inWidth: width, inFeatures, outHeight: height, outWidth: width };
  return { ...size, outFeatures: ends(groups)[groups.length - 1], stride: 1, kernel, groups, taps };
}

/** An ordinary convolution of H x W x inFeatures with a border of `top` and `left` zeros. */
export function dense(
  input: [height: number, width: number, features: number],
  output: [height: number, width: number, features: number],
  kernel: number,
  stride: number,
  [top, left]: [number, number],
): ConvolutionShape {
  const [inHeight, inWidth, inFeatures] = input;
  const [outHeight, outWidth, outFeatures] = output;
  const square = { height: kernel, width: kernel };
  const sizes = { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures };
  return denseConvolution({ ...sizes, stride, kernel: square, top, left });
}

export const K1 = { height: 1, width: 1 };
const K3 = { height: 3, width: 3 };
const K7 = { height: 7, width: 7 };

export const CONVOLUTIONS: ConvolutionCase[] = [
  {
    name: '2x3x4 3x3 mask B, 16+16+16 to 16+16+16',
    batch: 2,
    shape: masked(3, 4, K3, 'B', [16, 16, 16], [16, 16, 16]),
  },
  {
    name: '1x6x4 3x3 mask B, 17+16+15 to 15+17+16',
    batch: 1,
    shape: masked(6, 4, K3, 'B', [17, 16, 15], [15, 17, 16]),
  },
  {
    name: '1x2x3 3x3 mask B, 48+48+32 to 48+48+32',
    batch: 1,
    shape: masked(2, 3, K3, 'B', [48, 48, 32], [48, 48, 32]),
  },
  { name: '2x9x6 7x7 mask A, 1+1+1 to 6+5+5', batch: 2, shape: masked(9, 6, K7, 'A', [1, 1, 1], [6, 5, 5]) },
  { name: '1x9x8 7x7 mask A, 1 to 17', batch: 1, shape: masked(9, 8, K7, 'A', [1], [17]) },
  { name: '3x5x3 1x1 mask B, 6+6+5 to 2+2+1', batch: 3, shape: masked(5, 3, K1, 'B', [6, 6, 5], [2, 2, 1]) },
  {
    name: '2x3x5 1x1 mask A (the first group sees nothing), 1+1+1 to 2+2+1',
    batch: 2,
    shape: masked(3, 5, K1, 'A', [1, 1, 1], [2, 2, 1]),
  },
  {
    name: '2x4x6 1x3 mask B, 5+6+5 to 16+16+16',
    batch: 2,
    shape: masked(4, 6, { height: 1, width: 3 }, 'B', [5, 6, 5], [16, 16, 16]),
  },
  { name: '1x1x1 3x3 mask B, 3 to 5', batch: 1, shape: masked(1, 1, K3, 'B', [3], [5]) },
  { name: '2x13x1 3x3, 1 to 1', batch: 2, shape: dense([13, 1, 1], [13, 1, 1], 3, 1, [1, 1]) },
  { name: '1x5x8 3x3, 5 to 3', batch: 1, shape: dense([5, 8, 5], [5, 8, 3], 3, 1, [1, 1]) },
  { name: '2x8x6 4x4 stride 2, 5 to 16', batch: 2, shape: dense([8, 6, 5], [4, 3, 16], 4, 2, [1, 1]) },
  { name: '1x9x7 4x4 stride 2, cropped, 3 to 17', batch: 1, shape: dense([9, 7, 3], [5, 4, 17], 4, 2, [1, 1]) },
  { name: '2x7x8 3x3 stride 3, 16 to 5', batch: 2, shape: dense([7, 8, 16], [3, 3, 5], 3, 3, [1, 0]) },
  { name: '1x7x5 1x1 stride 2, 17 to 3', batch: 1, shape: dense([7, 5, 17], [4, 3, 3], 1, 2, [0, 0]) },
  {
    name: '1x8x10 3x3 stride 2, last row and column unread, 3 to 5',
    batch: 1,
    shape: dense([8, 10, 3], [3, 4, 5], 3, 2, [0, 0]),
  },
  {
    name: '1x6x7 2x2 that starts inside the image, 3 to 5',
    batch: 1,
    shape: dense([6, 7, 3], [4, 5, 5], 2, 1, [-1, -2]),
  },
  // Matrix tiles take 16 columns at a time, 64 pixels of a row, and rows in chunks of which a task adds several.
  {
    name: '1x2x70 3x3 mask B, 17+16+15 to 15+17+16',
    batch: 1,
    shape: masked(2, 70, K3, 'B', [17, 16, 15], [15, 17, 16]),
  },
  { name: '1x4x70 4x4 stride 2, 5 to 50', batch: 1, shape: dense([4, 70, 5], [2, 35, 50], 4, 2, [1, 1]) },
  {
    name: '3x9x11 3x3 mask B, 6+3+3 to 6+3+3',
    batch: 3,
    shape: masked(9, 11, K3, 'B', [6, 3, 3], [6, 3, 3]),
  },
  { name: '19x3x4 3x3, 18 to 17', batch: 19, shape: dense([3, 4, 18], [3, 4, 17], 3, 1, [1, 1]) },
  // More features than one block of tiles has, and several parts of a piece.
  { name: '19x3x4 1x1, 300 to 40', batch: 19, shape: dense([3, 4, 300], [3, 4, 40], 1, 1, [0, 0]) },
];

/** Each case with what its kernels are given. */
export const table = CONVOLUTIONS.map(({ name, batch, shape }) => {
  const mask = filterMask(shape);
  const inputs = batch * shape.inHeight * shape.inWidth * shape.inFeatures;
  const outputs = batch * shape.outHeight * shape.outWidth * shape.outFeatures;
  const arrays = {
    // Away from zero, where ReLU has no derivative.
    x: randomFloats(inputs, 1, 0.01),
    weights: randomFloats(mask.length, 2).map((weight, i) => weight * mask[i]),
    bias: randomFloats(shape.outFeatures, 3),
    dy: randomFloats(outputs, 4),
    plus: randomFloats(outputs, 5),
    plusIn: randomFloats(inputs, 6),
  };
  return { name, batch, shape, mask, arrays };
});
