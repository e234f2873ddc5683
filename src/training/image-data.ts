import type { Tensor } from '@tensorflow/tfjs-core';
import { BITS_PER_NAT, scoreEach, sumOfNats } from '../evaluation/scoring.js';
import { dimensions, type Chain } from '../model/chain.js';
import { ExampleBuffer, frameBytes, type Examples } from '../model/examples.js';
import { Philox, purposes } from '../foundation/philox.js';
import type { TrainingConfiguration } from './configuration.js';
import type { TrainingData } from './train.js';

/** Images at the model's size, in a fixed order. */
export interface ImageStore {
  readonly count: number;
  /** Writes image `index`, height x width x channels bytes, to the start of `into`. */
  read(index: number, into: Uint8Array): void;
}

/** Images scored together in a validation. */
export const VALIDATION_IMAGES = 32;

/**
 * The data of a training on images: in each epoch every image once, in an order of seed and epoch alone.
 * @param validation null: there is no validation
 */
export function imageData(
  chain: Chain,
  training: ImageStore,
  validation: ImageStore | null,
  { seed, batch, mirror, validationExamples }: TrainingConfiguration,
): TrainingData {
  const batches = new ImageBatches(chain, training, { seed: BigInt(seed), batch, mirror });
  const together = Math.min(batch, VALIDATION_IMAGES);
  return {
    batch: (step) => batches.batch(step),
    rollOut: () => null,
    validate:
      validation === null
        ? null
        : (weights) => validateImages(chain, weights, validation, validationExamples, together),
  };
}

/** The batches of a training on images. */
export class ImageBatches {
  private readonly philox: Philox;
  private readonly buffer: ExampleBuffer;
  private readonly bytes: Uint8Array;
  /** Of the epoch that was asked for last. */
  private order = new Uint32Array(0);
  private epoch = -1;

  constructor(
    chain: Chain,
    private readonly store: ImageStore,
    private readonly settings: { seed: bigint; batch: number; mirror: boolean },
  ) {
    this.philox = new Philox(settings.seed);
    this.buffer = new ExampleBuffer(chain.exampleShape, settings.batch);
    this.bytes = new Uint8Array(frameBytes(chain.exampleShape));
  }

  /** Examples of a step, 0 for the first; a step may begin in one epoch and end in the next. */
  batch(step: number): Examples {
    const { store, settings, philox, buffer, bytes } = this;
    buffer.clear();
    for (let example = 0; example < settings.batch; example++) {
      const drawn = step * settings.batch + example;
      const epoch = Math.floor(drawn / store.count);
      store.read(this.orderOf(epoch)[drawn % store.count], bytes);
      const mirrored = settings.mirror && philox.uniform(step, example, 0, purposes.batches) < 0.5;
      buffer.add(bytes, 1, mirrored);
    }
    return buffer.tensors();
  }

  /** All indices, shuffled (Fisher and Yates, in Durstenfeld's form). */
  private orderOf(epoch: number): Uint32Array {
    if (epoch === this.epoch) return this.order;
    const order = Uint32Array.from({ length: this.store.count }, (_, index) => index);
    for (let last = order.length - 1; last > 0; last--) {
      const chosen = Math.floor(this.philox.uniform(epoch, last, 0, purposes.epochs) * (last + 1));
      [order[last], order[chosen]] = [order[chosen], order[last]];
    }
    this.order = order;
    this.epoch = epoch;
    return order;
  }
}

/** Bits/dim on at most so many images spread evenly over a store; no figure depends on how many are scored together. */
async function validateImages(
  chain: Chain,
  weights: readonly Tensor[],
  store: ImageStore,
  images: number,
  together: number,
): Promise<number> {
  const count = Math.min(images, store.count);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * store.count) / count));
  const bytes = new Uint8Array(frameBytes(chain.exampleShape));
  const add = (buffer: ExampleBuffer, index: number) => {
    store.read(index, bytes);
    buffer.add(bytes, 1, false);
  };
  const batch = Math.min(together, count);
  let nats = 0;
  for await (const scored of scoreEach(chain, weights, chosen, add, { batch })) nats += sumOfNats(scored.nats);
  return (nats / count / dimensions(chain)) * BITS_PER_NAT;
}
