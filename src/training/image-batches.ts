import type { Tensor } from '@tensorflow/tfjs-core';
import type { ImageSource } from '../evaluation/image-likelihoods.js';
import { BITS_PER_NAT, sumNats } from '../evaluation/scoring.js';
import { countSubPixels, type Chain } from '../model/chain.js';
import { ExampleBuffer, type Examples } from '../conditioning/context/examples.js';
import { frameBytes } from '../foundation/levels.js';
import { Philox, randomStreams } from '../foundation/philox.js';
import { singleProcess } from '../distributed/process-group.js';
import type { TrainingConfiguration } from './configuration.js';
import type { IndexRange } from './shards.js';
import type { TrainingData } from './training-loop.js';
import { scoreShared } from './validation.js';

/** Images at the model's size, in a fixed order. */
export interface ImageStore extends ImageSource {
  /** Number of images. */
  readonly count: number;
}

/** Maximum batch size of a validation on images. */
export const MAX_VALIDATION_IMAGES = 32;

/**
 * Returns the data of a training on images. Each epoch has every image once, in an order that depends only on seed and
 * epoch. There are no rollouts.
 * @param validation images to validate on; null: the training has no validation
 */
export function createImageTrainingData(
  chain: Chain,
  training: ImageStore,
  validation: ImageStore | null,
  { seed, batch, mirror, validationExamples }: TrainingConfiguration,
): TrainingData {
  const batchSize = Math.min(batch, MAX_VALIDATION_IMAGES);
  const batches = createImageBatches(chain, training, { seed: BigInt(seed), batch, mirror });
  return {
    batch: (step, _, places) => batches(step, places),
    rollout: () => null,
    validate:
      validation &&
      ((weights, processGroup) =>
        validateImages(chain, weights, validation, validationExamples, batchSize, processGroup)),
  };
}

/**
 * Returns a function that reads the batch of a step (from 0), or a range of indices in the batch. Images come in a
 * random order, each once an epoch. A batch may start in one epoch and end in the next. With `mirror`, a random half of
 * the images is mirrored left to right. The caller disposes the tensors.
 */
export function createImageBatches(
  { exampleShape }: Chain,
  store: ImageStore,
  { seed, batch, mirror }: { seed: bigint; batch: number; mirror: boolean },
): (step: number, places?: IndexRange) => Examples {
  const philox = new Philox(seed);
  const buffer = new ExampleBuffer(exampleShape, batch);
  const bytes = new Uint8Array(frameBytes(exampleShape));
  let latest = { epoch: -1, order: new Uint32Array(0) };
  return (step, { from, to } = { from: 0, to: batch }) => {
    buffer.clear();
    for (let example = from; example < to; example++) {
      const drawn = step * batch + example;
      const epoch = Math.floor(drawn / store.count);
      if (epoch !== latest.epoch) latest = { epoch, order: orderOf(philox, epoch, store.count) };
      store.read(latest.order[drawn % store.count], bytes);
      buffer.add(bytes, 1, mirror && philox.uniform(step, example, 0, randomStreams.batches) < 0.5);
    }
    return buffer.tensors();
  };
}

/** Returns all indices in a random order of the epoch (Fisher-Yates shuffle in Durstenfeld's form). */
function orderOf(philox: Philox, epoch: number, count: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor(philox.uniform(epoch, last, 0, randomStreams.epochs) * (last + 1));
    [order[last], order[chosen]] = [order[chosen], order[last]];
  }
  return order;
}

/**
 * Returns the mean bits/dim of at most `images` images, evenly spread over `store`. The result does not depend on
 * `batchSize` or the process group.
 */
async function validateImages(
  chain: Chain,
  weights: readonly Tensor[],
  store: ImageStore,
  images: number,
  batchSize: number,
  processGroup = singleProcess,
): Promise<number> {
  const count = Math.min(images, store.count);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * store.count) / count));
  const bytes = new Uint8Array(frameBytes(chain.exampleShape));
  const add = (buffer: ExampleBuffer, index: number) => {
    store.read(index, bytes);
    buffer.add(bytes, 1, false);
  };
  const costs = await scoreShared(chain, weights, chosen, add, Math.min(batchSize, count), processGroup);
  return (sumNats(costs) / count / countSubPixels(chain)) * BITS_PER_NAT;
}
