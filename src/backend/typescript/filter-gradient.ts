import type { ConvolutionShape } from '../convolution-shape.js';
import { groupEnds } from './convolution-plan.js';
import { rectified, sumRows } from './elementwise.js';
import { paddedImage, type PaddedImage } from './padded-image.js';
import { kernelMemory as memory } from './product-memory.js';
import { TILE } from './tile.js';

/** Four input features x four outputs of one tap's weight matrix. */
interface WeightTile {
  /** Where the tap's first pixel lies in the padded, panelled input, and the output panel in the panelled output. */
  xAt: number;
  panel: number;
  /** Where its first weight lies, and how many input features and outputs of it exist and are seen. */
  weightAt: number;
  height: number;
  width: number;
}

interface FilterGradientPlan {
  image: PaddedImage;
  /** First output and width of each output panel. */
  panels: { first: number; width: number }[];
  tiles: WeightTile[];
}

const plans = new WeakMap<ConvolutionShape, FilterGradientPlan>();

/**
 * dw[t, k, o] = sum over images and output pixels of x[y * stride + t.dy, x * stride + t.dx, k] dy[y, x, o]: outer
 * products summed in registers. Input and output are cut into panels of four features, so that a tile reads two short
 * contiguous arrays.
 */
export function convolutionFilterGradient(
  shape: ConvolutionShape,
  batch: number,
  x: Float32Array,
  dy: Float32Array,
  relu: boolean,
  dWeights: Float32Array,
  dBias: Float32Array | null,
): void {
  const { image, panels, tiles } = filterGradientPlan(shape);
  const pixels = shape.outHeight * shape.outWidth;
  const inputPanels = Math.ceil(shape.inFeatures / TILE);
  memory.clear();
  const input = memory.allot(inputPanels * image.paddedHeight * image.paddedWidth * TILE);
  const output = memory.allot(panels.length * pixels * TILE);
  const sums = memory.allot(tiles.length * TILE * TILE);
  const { values } = memory;
  values.fill(0, sums, sums + tiles.length * TILE * TILE);
  const xStep = shape.stride * TILE;
  const xRow = image.paddedWidth * xStep;
  for (let n = 0; n < batch; n++) {
    panelInput(x, n * image.height * image.width * image.features, image, relu, values, input);
    panelOutput(dy, n * pixels * shape.outFeatures, shape, panels, values, output);
    tiles.forEach(({ xAt, panel }, i) => {
      const [y, at] = [output + panel * pixels * TILE, sums + i * TILE * TILE];
      memory.addOuterProducts(input + xAt, xRow, xStep, y, shape.outHeight, shape.outWidth, at);
    });
  }
  dWeights.fill(0);
  tiles.forEach(({ weightAt, height, width }, i) => {
    for (let k = 0; k < height; k++)
      for (let o = 0; o < width; o++)
        dWeights[weightAt + k * shape.outFeatures + o] = values[sums + (i * TILE + k) * TILE + o];
  });
  if (dBias) sumRows(dy, batch * pixels, dBias);
}

function filterGradientPlan(shape: ConvolutionShape): FilterGradientPlan {
  let plan = plans.get(shape);
  if (!plan) plans.set(shape, (plan = makeFilterGradientPlan(shape)));
  return plan;
}

function makeFilterGradientPlan(shape: ConvolutionShape): FilterGradientPlan {
  const { inFeatures, outFeatures, taps, stride } = shape;
  const lastRow = (shape.outHeight - 1) * stride;
  const lastColumn = (shape.outWidth - 1) * stride;
  const dys = taps.map(({ dy }) => dy);
  const dxs = taps.map(({ dx }) => dx);
  const image = paddedImage(
    { height: shape.inHeight, width: shape.inWidth, features: inFeatures },
    [Math.min(0, ...dys), lastRow + Math.max(0, ...dys)],
    [Math.min(0, ...dxs), lastColumn + Math.max(0, ...dxs)],
  );
  const ends = groupEnds(shape);
  const panels: { first: number; width: number; group: number }[] = [];
  shape.groups.forEach((size, group) => {
    for (let first = ends[group] - size; first < ends[group]; first += TILE)
      panels.push({ first, width: Math.min(TILE, ends[group] - first), group });
  });
  // Input panel outermost, taps innermost: one input panel and one output panel stay in the cache.
  const tiles: WeightTile[] = [];
  for (let k = 0; k < inFeatures; k += TILE)
    panels.forEach(({ first, width, group }, panel) => {
      for (const { dy, dx, position, sees } of taps) {
        const height = Math.min(TILE, sees[group] - k);
        if (height <= 0) continue;
        const pixel = (dy + image.top) * image.paddedWidth + dx + image.left;
        const xAt = k * image.paddedHeight * image.paddedWidth + pixel * TILE;
        tiles.push({ xAt, panel, weightAt: (position * inFeatures + k) * outFeatures + first, height, width });
      }
    });
  return { image, panels, tiles };
}

/**
 * From out[at] on, [k / 4, row, column, k mod 4] = the image that starts at x[from], through ReLU where `relu`, inside its
 * border.
 */
function panelInput(
  x: Float32Array,
  from: number,
  image: PaddedImage,
  relu: boolean,
  out: Float64Array,
  at: number,
): void {
  const { height, width, features, top, left, paddedHeight, paddedWidth } = image;
  const panelLength = paddedHeight * paddedWidth * TILE;
  out.fill(0, at, at + Math.ceil(features / TILE) * panelLength);
  for (let y = 0; y < height; y++)
    for (let c = 0; c < width; c++) {
      const source = from + (y * width + c) * features;
      const target = at + ((y + top) * paddedWidth + c + left) * TILE;
      for (let k = 0; k < features; k++) {
        const value = x[source + k];
        out[target + (k >> 2) * panelLength + (k & 3)] = relu ? rectified(value) : value;
      }
    }
}

/** From out[at] on, [panel, pixel, o] = dy[from + pixel, panel.first + o], zero where the panel is not full. */
function panelOutput(
  dy: Float32Array,
  from: number,
  shape: ConvolutionShape,
  panels: FilterGradientPlan['panels'],
  out: Float64Array,
  at: number,
): void {
  const pixels = shape.outHeight * shape.outWidth;
  for (const { first, width } of panels)
    for (let p = 0, source = from + first; p < pixels; p++, source += shape.outFeatures, at += TILE) {
      for (let o = 0; o < width; o++) out[at + o] = dy[source + o];
      for (let o = width; o < TILE; o++) out[at + o] = 0;
    }
}
