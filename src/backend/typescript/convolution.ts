import type { ConvolutionShape } from '../convolution-shape.js';
import { forwardPlan, inputGradientPlan, type ConvolutionPlan } from './convolution-plan.js';
import { copyPadded } from './padded-image.js';
import { kernelMemory as memory } from './product-memory.js';
import { TILE } from './tile.js';

/** Source values that one pass over the panels of weights works on, so that they stay in the second-level cache. */
const BLOCK = 32_768;

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
  const { source, targetLength, targetFeatures, phases } = plan;
  const sourceLength = source.height * source.width * source.features;
  const blockPixels = TILE * Math.ceil(BLOCK / TILE / source.features);
  memory.clear();
  const lists = memory.allotList(plan.lists);
  const packed = memory.allot(plan.packedLength);
  const image = memory.allot(source.paddedHeight * source.paddedWidth * source.features);
  const sums = memory.allot(blockPixels * TILE);
  const constants = memory.allot(targetFeatures + TILE);
  // What is added, asked and written is an image in float32, and room for the tile that ends with its last value.
  const [passesAt, plusAt, outAt] = [passes, plus, out].map((one) => one && memory.allotFloats(targetLength + TILE));
  const { values, floats } = memory;
  packWeights(plan, weights, values, packed);
  values.fill(0, constants, constants + targetFeatures);
  if (bias) values.set(bias, constants);
  for (let n = 0; n < batch; n++) {
    copyPadded(x, n * sourceLength, source, relu, values, image);
    const [from, end] = [n * targetLength, (n + 1) * targetLength];
    if (passes) floats.set(passes.subarray(from, end), passesAt!);
    if (plus) floats.set(plus.subarray(from, end), plusAt!);
    for (const { sourceAt, targetAt, pixels, panels } of phases)
      for (let block = 0; block < pixels; block += blockPixels) {
        const count = Math.min(blockPixels, pixels - block);
        const [sources, targets] = [lists + sourceAt + block, lists + targetAt + block];
        for (const { first, width, tapsAt, weights: taps, packedAt } of panels) {
          memory.multiplyTaps(image, sources, count, lists + tapsAt, taps.length, packed + packedAt, sums);
          const [asked, added] = [passesAt && passesAt + first, plusAt && plusAt + first];
          memory.storeSums(sums, targets, count, constants + first, asked, added, outAt! + first, width);
        }
      }
    out.set(floats.subarray(outAt!, outAt! + targetLength), from);
  }
}

/** packed[packedAt ...] = weights in the order in which products read them; a panel that is not full is filled up with zeros. */
export function packWeights(
  plan: ConvolutionPlan,
  weights: Float32Array,
  packed: Float64Array,
  packedAt: number,
): void {
  const { phases, lists, sourceStride, targetStride } = plan;
  for (const { panels } of phases)
    for (const panel of panels) {
      let at = packedAt + panel.packedAt;
      for (let t = 0; t < panel.weights.length; t++) {
        const count = lists[panel.tapsAt + 2 * t + 1];
        for (let k = 0; k < count; k++, at += TILE) {
          const from = panel.weights[t] + k * sourceStride;
          for (let o = 0; o < TILE; o++) packed[at + o] = o < panel.width ? weights[from + o * targetStride] : 0;
        }
      }
    }
}
