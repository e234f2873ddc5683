/** `warpedMixture` and its gradients in float64, as sums over whole images: see Kernels for the arguments. */
import type { WarpShape } from '../../src/backend/kernels/index.js';

type Numbers = ArrayLike<number>;

const clamp = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);

/** How much the pixel at `place` counts for a sample at `coordinate`: a tent of two pixels' width. */
const tent = (coordinate: number, place: number): number => Math.max(0, 1 - Math.abs(coordinate - place));

/** One frame of one image at (y, x), channel by channel; it is linear between whole numbers by its definition. */
function sampleAt(shape: WarpShape, frames: Numbers, image: number, frame: number, y: number, x: number): number[] {
  const { height, width, channels } = shape;
  const sums = new Array<number>(channels).fill(0);
  for (let row = 0; row < height; row++) {
    const shareOfRow = tent(y, row);
    if (shareOfRow === 0) continue;
    for (let column = 0; column < width; column++) {
      const share = shareOfRow * tent(x, column);
      if (share === 0) continue;
      const pixel = (image * height + row) * width + column;
      for (let c = 0; c < channels; c++) sums[c] += share * frames[(pixel * shape.frames + frame) * channels + c];
    }
  }
  return sums;
}

/** The candidates of a pixel: their weights, frames and places, before and after they are clamped. */
function candidatesOf({ height, width, frames, flows, flowScale }: WarpShape, motion: Numbers, pixel: number) {
  const count = frames * flows;
  const row = Math.floor(pixel / width) % height;
  const column = pixel % width;
  const at = (kind: number, i: number): number => motion[(3 * pixel + kind) * count + i];
  const logits = Array.from({ length: count }, (_, i) => at(2, i));
  const most = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  return logits.map((logit, i) => {
    const freeY = row + flowScale * at(0, i);
    const freeX = column + flowScale * at(1, i);
    const y = clamp(freeY, height);
    const x = clamp(freeX, width);
    const weight = Math.exp(logit - most) / total;
    return { weight, frame: Math.floor(i / flows), y, x, isInside: { y: y === freeY, x: x === freeX } };
  });
}

export function warpedMixture(shape: WarpShape, batch: number, frames: Numbers, motion: Numbers): Float64Array {
  const { height, width, channels } = shape;
  const out = new Float64Array(batch * height * width * channels);
  for (let pixel = 0; pixel < batch * height * width; pixel++)
    for (const { weight, frame, y, x } of candidatesOf(shape, motion, pixel)) {
      const image = Math.floor(pixel / (height * width));
      sampleAt(shape, frames, image, frame, y, x).forEach((value, c) => (out[pixel * channels + c] += weight * value));
    }
  return out;
}

export function warpedMixtureGradient(
  shape: WarpShape,
  batch: number,
  frames: Numbers,
  motion: Numbers,
  dOut: Numbers,
): Float64Array {
  const { height, width, channels, flowScale } = shape;
  const count = shape.frames * shape.flows;
  const gradient = new Float64Array(motion.length);
  for (let pixel = 0; pixel < batch * height * width; pixel++) {
    const image = Math.floor(pixel / (height * width));
    const candidates = candidatesOf(shape, motion, pixel);
    const pulls = candidates.map(({ frame, y, x }) => {
      const at = (row: number, column: number): number =>
        sampleAt(shape, frames, image, frame, row, column).reduce(
          (sum, value, c) => sum + value * dOut[pixel * channels + c],
          0,
        );
      // Linear within a cell: the slope is the difference between its two sides.
      const sides = (place: number, size: number): [number, number] => {
        const first = Math.max(Math.min(Math.floor(place), size - 2), 0);
        return [first, Math.min(first + 1, size - 1)];
      };
      const [top, bottom] = sides(y, height);
      const [left, right] = sides(x, width);
      return { value: at(y, x), y: at(bottom, x) - at(top, x), x: at(y, right) - at(y, left) };
    });
    const mean = pulls.reduce((sum, { value }, i) => sum + candidates[i].weight * value, 0);
    candidates.forEach(({ weight, isInside }, i) => {
      const to = 3 * pixel * count + i;
      gradient[to] = isInside.y ? weight * flowScale * pulls[i].y : 0;
      gradient[to + count] = isInside.x ? weight * flowScale * pulls[i].x : 0;
      gradient[to + 2 * count] = weight * (pulls[i].value - mean);
    });
  }
  return gradient;
}

export function warpedMixtureFramesGradient(
  shape: WarpShape,
  batch: number,
  motion: Numbers,
  dOut: Numbers,
): Float64Array {
  const { height, width, channels, frames } = shape;
  const gradient = new Float64Array(batch * height * width * frames * channels);
  for (let pixel = 0; pixel < batch * height * width; pixel++) {
    const image = Math.floor(pixel / (height * width));
    for (const { weight, frame, y, x } of candidatesOf(shape, motion, pixel))
      for (let row = 0; row < height; row++) {
        const shareOfRow = weight * tent(y, row);
        if (shareOfRow === 0) continue;
        for (let column = 0; column < width; column++) {
          const share = shareOfRow * tent(x, column);
          const to = (((image * height + row) * width + column) * frames + frame) * channels;
          for (let c = 0; c < channels; c++) gradient[to + c] += share * dOut[pixel * channels + c];
        }
      }
  }
  return gradient;
}
