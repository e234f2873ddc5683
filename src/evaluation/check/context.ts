import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Program } from '../../model/program.js';
import { disposeExamples } from '../../model/examples.js';
import { imageInput } from '../../model/image-input.js';
import { earlierInput } from '../../model/earlier-input.js';
import { conditionOf, type Network } from '../../model/network.js';
import { exampleOf, randomClip } from './check-example.js';
import { checkDraws, draws } from './draws.js';
import { Float64Program } from './float64-program.js';
import { templateSubPixels, type ReceptiveFields } from './receptive-fields.js';
import { nameOfSubPixel, subPixelCount } from './sub-pixels.js';

export interface ContextSettings {
  /** The context that is promised, at the size of the network. */
  fields: ReceptiveFields;
  /** Outputs to look at, as sub-pixels. */
  outputs: readonly number[];
  seed: bigint | number;
  /** Told after each output, with the number done. */
  onProgress?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Confirms the promised context by gradients in float64: that of an output with respect to a sub-pixel is above zero
 * where the sub-pixel is promised, and zero everywhere else.
 *
 * All weights, masked ones too, and all that is read are random and positive: no ReLU closes, all derivatives are
 * positive, and no two ways from a sub-pixel to an output cancel.
 *
 * @returns what is wrong, one line for each output that has a sub-pixel too few or too many
 */
export async function contextFaults({ program }: Network, settings: ContextSettings): Promise<string[]> {
  const { fields, seed } = settings;
  const draw = checkDraws(seed, draws.weights);
  let drawn = 0;
  const between = (low: number, high: number) => low + (high - low) * draw(drawn++);
  const pixels = program.size.height * program.size.width;
  const plane = (features: number) => Float64Array.from({ length: pixels * features }, () => between(0.5, 1));
  const parameters = program.parameters.map(({ shape }) => {
    const count = shape.reduce((product, side) => product * side, 1);
    // Sums of about half of what is summed keep sigmoids in their steep part in deep networks as well.
    const scale = shape[shape.length - 1] / count;
    return Float64Array.from({ length: count }, () => between(0.25, 0.75) * (shape.length === 1 ? 0.1 : scale));
  });
  const float64 = new Float64Program(program, parameters);
  const [image, map, matched] = [program.image, program.map, program.matched].map(
    (slot) => slot && plane(slot.features),
  );
  float64.run(image!, map, matched);

  const faults: string[] = [];
  await forEachOutput(program, float64, settings, (output, gradients) => {
    const differs = (isSeen: boolean) =>
      gradients.findIndex((gradient, input) => (gradient !== 0) === isSeen && fields.reaches(input, output) !== isSeen);
    const name = (subPixel: number) => nameOfSubPixel(fields, subPixel);
    const [extra, missing] = [differs(true), differs(false)];
    if (extra >= 0) faults.push(`${name(output)} depends on ${name(extra)}, which it must not see`);
    if (missing >= 0) faults.push(`${name(output)} does not depend on ${name(missing)}, which it should see`);
  });
  return faults;
}

/** Gradients below this part of the largest of an output count for nothing. */
export const SMALL_GRADIENT = 1e-6;

/**
 * How much of the promised context a network with trained weights uses: the share of the promised pairs of an output and
 * a sub-pixel whose gradient, on a random image, is above `SMALL_GRADIENT` times the largest of its output; 0 where nothing
 * is promised.
 *
 * @param weights arrays in the order of `network.parameters`
 * @param parameters the same as tensors
 */
export async function usedContext(
  network: Network,
  weights: readonly Float32Array[],
  parameters: readonly Tensor[],
  settings: ContextSettings,
): Promise<number> {
  const { program, conditioningParameters } = network;
  const { fields, seed } = settings;
  const own = weights.slice(conditioningParameters).map((values) => Float64Array.from(values));
  const float64 = new Float64Program(program, own);
  const { image, map, matched } = networkInputs(network, parameters, randomClip(network.description, seed, 0));
  float64.run(image, map, matched);
  let promised = 0;
  let used = 0;
  await forEachOutput(program, float64, settings, (output, gradients) => {
    const least = SMALL_GRADIENT * gradients.reduce((most, gradient) => Math.max(most, gradient), 0);
    gradients.forEach((gradient, input) => {
      if (!fields.reaches(input, output)) return;
      promised++;
      if (gradient > least) used++;
    });
  });
  return used / Math.max(1, promised);
}

/** What a program reads for the image of a clip: the image as its input, the map, and what is made of earlier pixels. */
function networkInputs(network: Network, parameters: readonly Tensor[], clip: Uint8Array) {
  const { description } = network;
  const examples = exampleOf(description, clip);
  let image: ArrayLike<number> = [];
  let map: ArrayLike<number> | null = null;
  let matched: ArrayLike<number> | null = null;
  tf.tidy(() => {
    const condition = conditionOf(network, parameters, examples.given);
    image = imageInput(description, examples.image, condition?.anchors ?? []).dataSync();
    if (condition === null) return;
    map = condition.map.dataSync();
    matched = earlierInput(description, examples.image, condition)?.dataSync() ?? null;
  });
  disposeExamples(examples);
  return { image, map, matched };
}

/** For each output in turn, the size of its gradient with respect to each sub-pixel: the largest over its features. */
async function forEachOutput(
  program: Program,
  float64: Float64Program,
  { fields, outputs, seed, onProgress, signal }: ContextSettings,
  visit: (output: number, gradients: Float64Array) => void,
): Promise<void> {
  const { channels } = fields;
  const draw = checkDraws(seed, draws.outputs);
  const gradients = new Float64Array(subPixelCount(fields));
  const features = program.image.features / channels;
  // Logits that are all moved alike change nothing: outputs count for more or less.
  const most = Math.max(...program.out.groups);
  const weights = Float64Array.from({ length: most }, (_, k) => draw(k));
  for (const [index, output] of outputs.entries()) {
    const gradient = float64.imageGradient(Math.floor(output / channels), output % channels, weights);
    gradients.fill(0);
    gradient.forEach((value, at) => {
      const subPixel = Math.floor(at / features);
      gradients[subPixel] = Math.max(gradients[subPixel], Math.abs(value));
    });
    countEarlier(program, float64.matchedGradient(), fields, gradients);
    visit(output, gradients);
    onProgress?.(index + 1);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}

/** No gradient goes through what is made of earlier pixels: its own counts for all that it was made of. */
function countEarlier(
  { matched, size }: Program,
  gradient: Float64Array | null,
  fields: ReceptiveFields,
  gradients: Float64Array,
): void {
  if (matched === null || gradient === null) return;
  const { channels, regresses } = fields;
  const count = (subPixel: number, value: number) => (gradients[subPixel] = Math.max(gradients[subPixel], value));
  // The largest of the pixels from the last one on.
  let ofLater = 0;
  for (let pixel = size.height * size.width - 1; pixel >= 0; pixel--) {
    if (regresses) for (let channel = 0; channel < channels; channel++) count(pixel * channels + channel, ofLater);
    const own = gradient.subarray(pixel * matched.features, (pixel + 1) * matched.features);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    ofLater = Math.max(ofLater, largest);
    if (largest > 0 && !regresses) for (const subPixel of templateSubPixels(fields, pixel)) count(subPixel, largest);
  }
}
