import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { disposeExamples } from '../../model/examples.js';
import type { Condition } from '../../conditioning/index.js';
import { conditionOf, networkOutput, type Network } from '../../model/network.js';
import { groupStart } from '../../sampling/pixel-steps.js';
import { exampleOf, imagesTogether, randomClip } from './check-example.js';
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
    const run = new ChangedImages(network, parameters, randomClip(description, seed, attempt), tried.length);
    try {
      await run.begin();
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
  /** Images in a batch. */
  readonly capacity: number;
  private readonly image: Float32Array;
  private readonly condition: Condition | null;
  /** Outputs of a batch of unchanged images, each computed in the very place of the one it is compared with. */
  private unchanged = new Int32Array(0);

  /** @param most images that are to be compared at all */
  constructor(
    private readonly network: Network,
    private readonly parameters: readonly Tensor[],
    clip: Uint8Array,
    most: number,
  ) {
    const { description, program } = network;
    this.capacity = Math.min(most, imagesTogether(program));
    const examples = exampleOf(description, clip);
    this.image = Float32Array.from(examples.image.dataSync());
    const repeated = (): Condition => {
      const { map, anchors, references } = conditionOf(network, parameters, examples.given)!;
      const repeat = (x: Tensor4D) => tf.tile(x, [this.capacity, 1, 1, 1]);
      return { map: repeat(map), anchors: anchors.map(repeat), references: references.map(repeat) };
    };
    this.condition = description.conditioning.length === 0 ? null : tf.tidy(repeated);
    disposeExamples(examples);
  }

  /** Computes what the others are compared with. */
  async begin(): Promise<void> {
    this.unchanged = (await this.outputBits([])).slice();
  }

  /** Changes a sub-pixel in each image, `capacity` of them at most. */
  async compare(changed: readonly number[]): Promise<Change[]> {
    const bits = await this.outputBits(changed);
    return changed.map((subPixel, copy) => this.difference(bits, copy, subPixel));
  }

  dispose(): void {
    if (this.condition !== null) tf.dispose(this.condition);
  }

  /** The bits of the outputs of a batch in which the first images are changed, each in one sub-pixel. */
  private async outputBits(changed: readonly number[]): Promise<Int32Array> {
    const { image, network, parameters, capacity } = this;
    const { size, channels, levels } = network.description;
    const batch = new Float32Array(capacity * image.length);
    for (let copy = 0; copy < capacity; copy++) batch.set(image, copy * image.length);
    changed.forEach((subPixel, copy) => {
      batch[copy * image.length + subPixel] = (image[subPixel] + Math.floor(levels / 2)) % levels;
    });
    const output = tf.tidy(() => {
      const images = tf.tensor4d(batch, [capacity, size.height, size.width, channels]);
      return networkOutput(network, parameters, images, this.condition);
    });
    const values = (await output.data()) as Float32Array;
    output.dispose();
    return new Int32Array(values.buffer, values.byteOffset, values.length);
  }

  private difference(bits: Int32Array, copy: number, subPixel: number): Change {
    const { unchanged } = this;
    const { groups, features } = this.network.program.out;
    const subPixels = subPixelCount(this.network.description);
    const perImage = bits.length / this.capacity;
    const isSame = (output: number) => {
      const channel = output % groups.length;
      const pixel = (output - channel) / groups.length;
      const start = copy * perImage + pixel * features + groupStart(groups, channel);
      for (let at = start; at < start + groups[channel]; at++) if (bits[at] !== unchanged[at]) return false;
      return true;
    };
    let output = 0;
    while (output <= subPixel && isSame(output)) output++;
    if (output <= subPixel) return { earlier: output, later: true };
    while (output < subPixels && isSame(output)) output++;
    return { earlier: null, later: output < subPixels };
  }
}
