import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { disposeExamples } from '../../model/examples.js';
import type { Condition } from '../../conditioning/index.js';
import { conditionOf, networkOutput, type Network } from '../../model/network.js';
import { exampleOf, randomClip } from './check-example.js';
import { nameOfSubPixel, subPixelCount } from './sub-pixels.js';

export interface CausalitySettings {
  /** Sub-pixels to change, one at a time. */
  changed: readonly number[];
  /** Whether some later output must see a sub-pixel; of the others only the earlier outputs are looked at. */
  reachesLater: (subPixel: number) => boolean;
  seed: bigint | number;
  /** Told after each batch, with the sub-pixels done. */
  onProgress?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Images on which a sub-pixel that changed nothing later is tried again: a ReLU may have hidden it. */
const ATTEMPTS = 8;

/** Bytes that the feature maps of a batch may take. */
const BATCH_BYTES = 2 ** 28;

/**
 * Changes sub-pixels of a random image one at a time, and compares the outputs of the whole-image executor, on the
 * backend in use, with those of the unchanged image: those of the same and of earlier sub-pixels, in raster order and
 * R, G, B within a pixel, must keep every bit, and some later one must change.
 *
 * @param parameters in the order of `network.parameters`
 * @returns what is wrong, one line for each sub-pixel that breaks the rule
 */
export async function causalityFaults(
  network: Network,
  parameters: readonly Tensor[],
  settings: CausalitySettings,
): Promise<string[]> {
  const { changed, reachesLater, seed, onProgress, signal } = settings;
  const { description } = network;
  const faults: string[] = [];
  let silent = [...changed];
  for (let attempt = 0; attempt < ATTEMPTS && silent.length > 0; attempt++) {
    const tried = silent;
    silent = [];
    const run = new ChangedImages(network, parameters, randomClip(description, seed, attempt));
    try {
      for (let first = 0; first < tried.length; first += run.capacity) {
        const part = tried.slice(first, first + run.capacity);
        for (const [index, { earlier, later }] of (await run.compare(part)).entries()) {
          const subPixel = part[index];
          if (earlier !== null)
            faults.push(
              `${nameOfSubPixel(description, subPixel)} changes the output of ${nameOfSubPixel(description, earlier)}`,
            );
          else if (!later && reachesLater(subPixel)) silent.push(subPixel);
        }
        if (attempt === 0) onProgress?.(first + part.length);
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      }
    } finally {
      run.dispose();
    }
  }
  return [...faults, ...silent.map((subPixel) => `${nameOfSubPixel(description, subPixel)} changes no output`)];
}

/** What the change of one sub-pixel did: the first output that it must not reach and did, and whether a later one. */
interface Change {
  earlier: number | null;
  later: boolean;
}

/** One random image, and batches of its copies with a sub-pixel changed in each. */
class ChangedImages {
  /** Sub-pixels that a batch can change. */
  readonly capacity: number;
  private readonly image: Float32Array;
  private readonly condition: Condition | null;

  constructor(
    private readonly network: Network,
    private readonly parameters: readonly Tensor[],
    clip: Uint8Array,
  ) {
    const { description, program } = network;
    const features = program.slots.reduce((sum, slot) => sum + slot.features, 0);
    const bytes = 4 * features * description.size.height * description.size.width;
    this.capacity = Math.min(63, Math.max(1, Math.floor(BATCH_BYTES / bytes) - 1));
    const examples = exampleOf(description, clip);
    this.image = Float32Array.from(examples.image.dataSync());
    const repeated = (): Condition => {
      const { map, anchor } = conditionOf(network, parameters, examples.given)!;
      const repeat = (x: Tensor4D) => tf.tile(x, [this.capacity + 1, 1, 1, 1]);
      return { map: repeat(map), ...(anchor && { anchor: repeat(anchor) }) };
    };
    this.condition = description.conditioning.length === 0 ? null : tf.tidy(repeated);
    disposeExamples(examples);
  }

  /** The unchanged image goes first in each batch, so that all are computed alike. */
  async compare(changed: readonly number[]): Promise<Change[]> {
    const { image, network, parameters, capacity } = this;
    const { size, channels, levels } = network.description;
    const batch = new Float32Array((capacity + 1) * image.length);
    for (let copy = 0; copy <= capacity; copy++) batch.set(image, copy * image.length);
    changed.forEach((subPixel, index) => {
      batch[(index + 1) * image.length + subPixel] = (image[subPixel] + Math.floor(levels / 2)) % levels;
    });
    const output = tf.tidy(() => {
      const images = tf.tensor4d(batch, [capacity + 1, size.height, size.width, channels]);
      return networkOutput(network, parameters, images, this.condition);
    });
    const values = (await output.data()) as Float32Array;
    output.dispose();
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    return changed.map((subPixel, index) => this.difference(bits, index + 1, subPixel));
  }

  dispose(): void {
    if (this.condition !== null) tf.dispose([this.condition.map, this.condition.anchor]);
  }

  private difference(bits: Int32Array, copy: number, subPixel: number): Change {
    const subPixels = subPixelCount(this.network.description);
    const count = bits.length / (this.capacity + 1) / subPixels;
    const isSame = (output: number) => {
      const start = output * count;
      const other = (copy * subPixels + output) * count;
      for (let k = 0; k < count; k++) if (bits[start + k] !== bits[other + k]) return false;
      return true;
    };
    let output = 0;
    while (output <= subPixel && isSame(output)) output++;
    if (output <= subPixel) return { earlier: output, later: true };
    while (output < subPixels && isSame(output)) output++;
    return { earlier: null, later: output < subPixels };
  }
}
