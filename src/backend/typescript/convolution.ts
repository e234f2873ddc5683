import type { ConvolutionShape } from '../convolution-shape.js';
import { forwardPlan, inputGradientPlan, type ConvolutionPlan, type Panel } from './convolution-plan.js';
import { copyPadded } from './padded-image.js';
import { Scratch } from './scratch.js';
import { tapTile, TILE } from './tile.js';

/** Source values that one pass over the panels of weights works on, so that they stay in the second-level cache. */
const BLOCK = 32_768;

const paddedSource = new Scratch(Float64Array);
const packedWeights = new Scratch(Float64Array);
const sums = new Float64Array(TILE * TILE);

/** See Kernels.convolution. */
export function convolution(
  shape: ConvolutionShape,
  batch: number,
  x: Float32Array,
  weights: Float32Array,
  bias: Float32Array | null,
  plus: Float32Array | null,
  relu: boolean,
  out: Float32Array,
): void {
  run(forwardPlan(shape), batch, x, weights, relu, bias, null, plus, out);
}

/** See Kernels.convolutionInputGradient. */
export function convolutionInputGradient(
  shape: ConvolutionShape,
  batch: number,
  dy: Float32Array,
  weights: Float32Array,
  reluInput: Float32Array | null,
  plus: Float32Array | null,
  dx: Float32Array,
): void {
  run(inputGradientPlan(shape), batch, dy, weights, false, null, reluInput, plus, dx);
}

/** out = ((products of the plan) + bias, zero where passes <= 0) + plus. */
function run(
  plan: ConvolutionPlan,
  batch: number,
  x: Float32Array,
  weights: Float32Array,
  relu: boolean,
  bias: Float32Array | null,
  passes: Float32Array | null,
  plus: Float32Array | null,
  out: Float32Array,
): void {
  const { source, targetLength, phases } = plan;
  const packed = packWeights(plan, weights);
  const sourceLength = source.height * source.width * source.features;
  const blockPixels = TILE * Math.ceil(BLOCK / TILE / source.features);
  const image = paddedSource.take(source.paddedHeight * source.paddedWidth * source.features);
  for (let n = 0; n < batch; n++) {
    copyPadded(x, n * sourceLength, source, relu, image);
    const to = n * targetLength;
    for (const { source: pixels, target: targets, panels } of phases) {
      const last = pixels.length - 1;
      for (let block = 0; block <= last; block += blockPixels)
        for (const panel of panels)
          for (let p = block; p <= last && p < block + blockPixels; p += TILE) {
            const p0 = pixels[p];
            const p1 = pixels[Math.min(p + 1, last)];
            const p2 = pixels[Math.min(p + 2, last)];
            const p3 = pixels[Math.min(p + 3, last)];
            tapTile(image, p0, p1, p2, p3, panel.taps, packed, panel.packedAt, sums);
            for (let i = 0; i < TILE && p + i <= last; i++)
              store(i * TILE, panel, bias, passes, plus, out, to + targets[p + i] + panel.first);
          }
    }
  }
}

function store(
  from: number,
  { first, width }: Panel,
  bias: Float32Array | null,
  passes: Float32Array | null,
  plus: Float32Array | null,
  out: Float32Array,
  at: number,
): void {
  for (let o = 0; o < width; o++) {
    let value = sums[from + o];
    if (bias) value += bias[first + o];
    if (passes) value *= Number(passes[at + o] > 0);
    if (plus) value += plus[at + o];
    out[at + o] = value;
  }
}

/** Weights in the order in which tapTile reads them; a panel that is not full is filled up with zeros. */
export function packWeights(plan: ConvolutionPlan, weights: Float32Array): Float64Array {
  const { phases, packedLength, sourceStride, targetStride } = plan;
  const packed = packedWeights.take(packedLength);
  for (const { panels } of phases)
    for (const panel of panels) {
      let at = panel.packedAt;
      for (let t = 0; t < panel.weights.length; t++) {
        const count = panel.taps[2 * t + 1];
        for (let k = 0; k < count; k++, at += TILE) {
          const from = panel.weights[t] + k * sourceStride;
          for (let o = 0; o < TILE; o++) packed[at + o] = o < panel.width ? weights[from + o * targetStride] : 0;
        }
      }
    }
  return packed;
}
