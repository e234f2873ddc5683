import { loadGradients, tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { filterMask } from '../backend/convolution-shape.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { frameBytes } from '../foundation/levels.js';
import { computeEarlierFeatures } from '../model/earlier-pixels/index.js';
import { disposeExamples } from '../conditioning/context/examples.js';
import { runConditioning, imageInput } from '../model/network.js';
import type { Program } from '../model/program.js';
import { runWholeImage } from '../model/whole-image.js';
import { groupStart, type Slot } from '../model/groups.js';
import { makeExample, imagesPerBatch, randomClip, readValues } from './check-example.js';
import type { CheckedNetwork, CheckName } from './finding.js';
import { earlierSubPixels } from './receptive-fields.js';
import { checkDraws, checkStreams, formatSubPixel, locateSubPixel } from './sub-pixels.js';

/** Factor of all gradients: small gradients must stay above the smallest float32, 1e-45, and large ones below 3e38. */
const GRADIENT_SCALE = 2 ** 64;

/**
 * Checks receptive fields (see `expectedReceptiveFields`) by gradients. Without faults, the gradient of an output with
 * respect to a sub-pixel is nonzero if the sub-pixel is in the output's receptive field, else zero.
 *
 * Unmasked weights and all inputs are random and positive. No ReLU closes, all derivatives are positive, and no two
 * paths from a sub-pixel to an output cancel.
 * @param outputs indices of the sub-pixels whose outputs are checked
 * @returns one line for each output with a missing dependency, and one with an extra; empty if there are none
 * @throws the signal's reason if `checked.signal` is aborted
 */
export async function findContextFaults(checked: CheckedNetwork, outputs: readonly number[]): Promise<string[]> {
  const { fields, network, seed } = checked;
  const faults: string[] = [];
  const inputs = positiveInputs(network.program, seed);
  for await (const [output, gradients] of gradientsOf('context', inputs, checked, outputs)) {
    const differs = (isSeen: boolean) =>
      gradients.findIndex((gradient, input) => (gradient !== 0) === isSeen && fields.reaches(input, output) !== isSeen);
    const name = (subPixel: number) => formatSubPixel(fields, subPixel);
    const extra = differs(true);
    const missing = differs(false);
    if (extra >= 0) faults.push(`${name(output)} depends on ${name(extra)}, which it must not see`);
    if (missing >= 0) faults.push(`${name(output)} does not depend on ${name(missing)}, which it should see`);
  }
  return faults;
}

/** Fraction of an output's largest gradient, at or below which another gradient of the output counts as 0. */
export const SMALL_GRADIENT = 1e-6;

/**
 * Returns the fraction of the receptive fields that a network with trained weights uses, on a random image. A pair of
 * an output and a sub-pixel of its receptive field is used if the gradient is above `SMALL_GRADIENT` times the output's
 * largest gradient. Returns 0 if all receptive fields are empty.
 * @param outputs indices of the sub-pixels whose outputs are measured
 * @throws the signal's reason if `checked.signal` is aborted
 */
export async function measureUsedContext(checked: CheckedNetwork, outputs: readonly number[]): Promise<number> {
  let promised = 0;
  let used = 0;
  for await (const [output, gradients] of gradientsOf('trained context', trainedInputs(checked), checked, outputs)) {
    const least = SMALL_GRADIENT * gradients.reduce((most, gradient) => Math.max(most, gradient), 0);
    const ofPromised = gradients.filter((_, input) => checked.fields.reaches(input, output));
    promised += ofPromised.length;
    used += ofPromised.filter((gradient) => gradient > least).length;
  }
  return used / Math.max(1, promised);
}

/** Inputs of a program for one image: weights, feature map or none, image, and features of earlier pixels or none. */
type Inputs = Record<'weights' | 'map' | 'image' | 'earlierFeatures', Tensor[]>;

/**
 * Makes random positive inputs. Weighted sums are about a quarter of the mean input, so that sigmoids do not saturate
 * in deep networks.
 */
function positiveInputs(program: Program, seed: bigint | number): Inputs {
  const { height, width } = program.size;
  const draw = checkDraws(seed, checkStreams.weights);
  let drawn = 0;
  const random = (shape: number[], mean: number): Tensor =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => mean * (0.5 + draw(drawn++))),
      shape,
    );
  const planes = (slot: Slot | null) => (slot === null ? [] : [random([1, height, width, slot.features], 1)]);
  return tf.tidy(() => {
    const weights = program.parameters.map(({ shape }) =>
      random([...shape], shape[shape.length - 1] / tf.util.sizeFromShape([...shape]) / 4),
    );
    for (const op of program.ops)
      if (op.op === 'conv')
        weights[op.weights] = tf.mul(weights[op.weights], tf.tensor(filterMask(op.shape), weights[op.weights].shape));
    return {
      weights,
      map: planes(program.map),
      image: planes(program.image),
      earlierFeatures: planes(program.earlierFeatures),
    };
  });
}

/** Makes the inputs with trained weights and a random image. */
function trainedInputs({ network, parameters, seed }: CheckedNetwork): Inputs {
  const { description, conditioningParameters } = network;
  const examples = makeExample(description, randomClip(description, seed, 0));
  const inputs = tf.tidy(() => {
    const condition = runConditioning(network, parameters, examples.conditioningInputs);
    const earlierFeatures = condition && computeEarlierFeatures(description, examples.image, condition);
    return {
      weights: parameters.slice(conditioningParameters).map((tensor) => tf.clone(tensor)),
      map: condition ? [tf.clone(condition.map)] : [],
      image: [imageInput(description, examples.image, condition?.anchors ?? [])],
      earlierFeatures: earlierFeatures ? [earlierFeatures] : [],
    };
  });
  disposeExamples(examples);
  return inputs;
}

/**
 * Yields, for each output in turn, the absolute gradient with respect to each sub-pixel, maximised over the sub-pixel's
 * features. Each output has its own copy of the image, so that one pass computes a batch of outputs. Disposes `inputs`.
 */
async function* gradientsOf(
  check: CheckName,
  inputs: Inputs,
  { network: { program }, fields, seed, onProgress, signal }: CheckedNetwork,
  outputs: readonly number[],
): AsyncGenerator<[output: number, gradients: Float32Array], void> {
  const { weights, image, map, earlierFeatures } = inputs;
  const { groups, features } = program.out;
  const { height, width } = program.size;
  const subPixels = frameBytes(fields);
  const draw = checkDraws(seed, checkStreams.outputs);
  const batchSize = imagesPerBatch(program);
  loadGradients();
  try {
    for (let first = 0; first < outputs.length; first += batchSize) {
      const part = outputs.slice(first, first + batchSize);
      const dOut = tf.buffer([part.length, height, width, features]);
      part.forEach((output, copy) => {
        const [y, x, channel] = locateSubPixel(fields, output);
        const start = groupStart(groups, channel);
        // Random weights, since a softmax ignores a shift of all logits: outputs count for more or less.
        for (let k = 0; k < groups[channel]; k++) dOut.set(GRADIENT_SCALE * draw(k), copy, y, x, start + k);
      });
      const values = await readValues(() => {
        const copies = (x: Tensor) => tf.tile(x, [part.length, 1, 1, 1]) as Tensor4D;
        const [ownMap = null] = map.map(copies);
        const settings = { mapGradients: false, inputGradients: true };
        const run = (...x: Tensor[]) => {
          const [own, made = null] = x as Tensor4D[];
          return runWholeImage(program, weights, own, ownMap, { ...settings, earlierFeatures: made });
        };
        const [dImage, ...dEarlier] = tf.grads(run)([...image, ...earlierFeatures].map(copies), dOut.toTensor());
        const over = (x: Tensor, places: number) => tf.max(tf.abs(tf.reshape(x, [part.length, places, -1])), 2);
        return tf.concat([over(dImage, subPixels), ...dEarlier.map((x) => over(x, height * width))], 1);
      });
      const length = values.length / part.length;
      for (const [copy, output] of part.entries()) {
        const own = values.subarray(copy * length, (copy + 1) * length);
        const gradients = own.subarray(0, subPixels);
        // No gradient passes through features of earlier pixels: the gradient of a feature counts for all pixels that
        // it is made of.
        own.subarray(subPixels).forEach((gradient, pixel) => {
          if (gradient === 0) return;
          for (const input of earlierSubPixels(fields, pixel)) gradients[input] = Math.max(gradients[input], gradient);
        });
        yield [output, gradients];
      }
      onProgress?.({ check, size: fields.size, done: first + part.length, total: outputs.length, unit: 'outputs' });
      await yieldToEventLoop();
      signal?.throwIfAborted();
    }
  } finally {
    tf.dispose(Object.values(inputs));
  }
}
