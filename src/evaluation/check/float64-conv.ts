import type { Tap } from '../../backend/convolution-shape.js';
import type { Size } from '../../frame.js';
import type { ConvOp } from '../../model/ops/index.js';
import { dot } from './float64-dot.js';
import type { Float64State } from './float64-state.js';

/** out = sum over taps of r(x[pixel + tap]) weights[tap], as far as each group sees, + bias + plus. */
export function forwardConv(op: ConvOp, { size, parameters, values }: Float64State): void {
  const { x, shape, relu, plus, out } = op;
  const { inFeatures, outFeatures, groups } = shape;
  const [from, to] = [values(x), values(out)];
  const [weights, bias] = [parameters[op.weights], parameters[op.bias]];
  const added = plus === null ? null : values(plus);
  for (let at = 0; at < to.length; at++) to[at] = bias[at % outFeatures] + (added === null ? 0 : added[at]);
  forEachTap(size, shape.taps, (pixel, source, { position, sees }) => {
    const start = pixel * outFeatures;
    for (let group = 0, first = 0; group < groups.length; first += groups[group++]) {
      for (let k = 0; k < sees[group]; k++) {
        const value = from[source * inFeatures + k];
        if (relu && value <= 0) continue;
        const row = (position * inFeatures + k) * outFeatures;
        for (let o = first; o < first + groups[group]; o++) to[start + o] += weights[row + o] * value;
      }
    }
  });
}

/** d x[pixel + tap] += r'(x) times weights[tap] d out; d plus += d out. */
export function backwardConv(op: ConvOp, { size, parameters, values, gradients }: Float64State): void {
  const { x, shape, relu, plus, out } = op;
  const { inFeatures, outFeatures, groups } = shape;
  const dy = gradients(out);
  if (plus !== null && plus.ready !== 'given') {
    const dPlus = gradients(plus);
    for (let at = 0; at < dy.length; at++) dPlus[at] += dy[at];
  }
  if (x.ready === 'given') return;
  const [from, dx, weights] = [values(x), gradients(x), parameters[op.weights]];
  const isLive = liveGroups(dy, outFeatures, groups);
  forEachTap(size, shape.taps, (pixel, source, { position, sees }) => {
    const start = pixel * outFeatures;
    for (let group = 0, first = 0; group < groups.length; first += groups[group++]) {
      if (isLive[pixel * groups.length + group] === 0) continue;
      for (let k = 0; k < sees[group]; k++) {
        const at = source * inFeatures + k;
        if (relu && from[at] <= 0) continue;
        const row = (position * inFeatures + k) * outFeatures;
        dx[at] += dot(weights, row + first, dy, start + first, groups[group]);
      }
    }
  });
}

/** 1 for each pixel and group whose gradient is not zero: only those behind the output at hand need work. */
function liveGroups(dy: Float64Array, features: number, groups: readonly number[]): Uint8Array {
  const isLive = new Uint8Array((dy.length / features) * groups.length);
  for (let at = 0, set = 0; at < dy.length;)
    for (const size of groups) {
      for (const end = at + size; at < end; at++) if (dy[at] !== 0) isLive[set] = 1;
      set++;
    }
  return isLive;
}

/** Calls `visit` for each pixel and each tap that leads from it to a pixel of the image. */
function forEachTap(
  { height, width }: Size,
  taps: readonly Tap[],
  visit: (pixel: number, source: number, tap: Tap) => void,
): void {
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (const tap of taps) {
        const [row, column] = [y + tap.dy, x + tap.dx];
        if (row >= 0 && row < height && column >= 0 && column < width) visit(y * width + x, row * width + column, tap);
      }
}
