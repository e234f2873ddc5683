import { tf } from '../foundation/tfjs.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { buildChain, dimensions, type Chain } from '../model/chain.js';
import type { ModelDescription } from '../model/description.js';
import { resizeDescription } from '../model/resize-description.js';
import { currentInstructionSet } from '../backend/current-backend.js';
import { WASM_MEMORY_BYTES } from '../backend/wasm.js';
import { availableMemory } from './available-memory.js';
import { estimateAdaptationMemory, estimateDrawingMemory, estimateScoringMemory } from './estimate-memory.js';
import { formatBytes } from './format-bytes.js';

type DescribedModel = { chain: Chain; description: ModelDescription };

/**
 * Returns the largest batch, up to `wanted`, in which examples can be scored. No figure depends on it.
 * @param atAnySize whether the command scores at other sizes than the model's
 * @throws PxvError `RESOURCES` if there is not memory for one example
 */
export function fitScoringBatch({ chain, description }: DescribedModel, wanted: number, atAnySize = false): number {
  if (!isEstimated()) return wanted;
  const limit = reachableMemory();
  const batch = findLargest(1, wanted, (count) => estimateScoringMemory(chain, count) <= limit);
  if (batch === null) throw tooLarge('score', description, atAnySize, limit, (of) => estimateScoringMemory(of, 1));
  return batch;
}

/**
 * Refuses to score single examples by weights that learn from each, if that would take more memory than there is.
 * @throws PxvError `RESOURCES`
 */
export function expectAdaptationMemory({ chain, description }: DescribedModel): void {
  if (!isEstimated()) return;
  const limit = reachableMemory();
  if (estimateAdaptationMemory(chain) > limit)
    throw tooLarge('score', description, true, limit, estimateAdaptationMemory);
}

/** Returns the bytes of memory that are available and that the kernels in use can address. */
export function reachableMemory(): number {
  return Math.min(availableMemory(), currentInstructionSet() === 'wasm' ? WASM_MEMORY_BYTES : Infinity);
}

/** Samples to draw, and what is held beside the drawing. */
export interface Drawing {
  operation: string;
  /** Images that must be drawn side by side for a number of samples. Default: as many. */
  batchOf?: (samples: number) => number;
  /** Bytes of the frames that are held until all are written, for a number of samples and the bytes of a frame. */
  heldBytes: (samples: number, frame: number) => number;
  samples: number;
  /** Option that sets the number of samples, such as `--samples`. */
  option: string;
  /** Whether the command draws at other sizes than the model's. Default: it does not. */
  atAnySize?: boolean;
}

/**
 * Refuses a drawing that would take more memory than there is, and names how many samples would fit.
 * @throws PxvError `RESOURCES`
 */
export function expectDrawingMemory({ chain, description }: DescribedModel, drawing: Drawing): void {
  if (!isEstimated()) return;
  const { operation, batchOf = (count) => count, samples, heldBytes, option, atAnySize = false } = drawing;
  const bytesOf = (count: number, of = chain) =>
    estimateDrawingMemory(of, batchOf(count)) + heldBytes(count, dimensions(of));
  const limit = reachableMemory();
  const bytes = bytesOf(samples);
  if (bytes <= limit) return;
  const fewer = findLargest(1, samples - 1, (count) => bytesOf(count) <= limit);
  if (fewer === null) throw tooLarge(operation, description, atAnySize, limit, (of) => bytesOf(1, of));
  const received = `about ${formatBytes(bytes)} for ${samples}`;
  throw tooMuch(operation, option, limit, received, `give ${option} ${fewer} or less`);
}

/**
 * Returns the largest number of images, up to `wanted` and 1 at least, that can be drawn side by side. No image depends
 * on it.
 * @param heldBytes bytes held meanwhile
 */
export function fitDrawingBatch({ chain }: DescribedModel, wanted: number, heldBytes: number): number {
  if (!isEstimated()) return wanted;
  const limit = reachableMemory();
  return findLargest(1, wanted, (count) => estimateDrawingMemory(chain, count) + heldBytes <= limit) ?? 1;
}

/**
 * Refuses work that would take more memory than there is.
 * @param what the work, for people
 * @throws PxvError `RESOURCES`
 */
export function expectMemory(operation: string, argument: string, bytes: number, what: string, remedy: string): void {
  const limit = reachableMemory();
  if (bytes > limit) throw tooMuch(operation, argument, limit, `about ${formatBytes(bytes)} for ${what}`, remedy);
}

/** Returns whether the backend in use takes memory as estimates count it; that of TensorFlow does not. */
export function isEstimated(): boolean {
  return tf.getBackend() !== 'tensorflow';
}

/**
 * Returns the largest integer from `from` to `to` that fits, null if none does. Below one that fits, all must fit.
 * Tries `to` first.
 */
export function findLargest(from: number, to: number, fits: (value: number) => boolean): number | null {
  if (to < from) return null;
  if (fits(to)) return to;
  let [low, high] = [from - 1, to - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low < from ? null : low;
}

/** Returns the error of a model of which one image does not fit, and names a size that would. */
function tooLarge(
  operation: string,
  description: ModelDescription,
  atAnySize: boolean,
  limit: number,
  bytesOf: (chain: Chain) => number,
): PxvError {
  const { width, height } = description.scales[description.scales.length - 1].size;
  const heightAt = (side: number) => Math.max(1, Math.round((side * height) / width));
  const bytesAt = (side: number) =>
    bytesOf(buildChain(resizeDescription(description, { width: side, height: heightAt(side) })));
  const side = findLargest(1, width - 1, (tried) => bytesAt(tried) <= limit);
  const received = `about ${formatBytes(bytesAt(width))} for one image of ${width}x${height}`;
  if (side === null) return tooMuch(operation, 'memory', limit, received, 'take a smaller network');
  const fitting = `${side}x${heightAt(side)}`;
  // Either takes the place of either.
  const options = `give a smaller size: --size ${fitting}, or --short-side ${Math.min(side, heightAt(side))}, at most`;
  return tooMuch(operation, 'memory', limit, received, atAnySize ? options : `take a model of ${fitting} or less`);
}

/**
 * Returns the error of work that does not fit.
 * @param limit bytes of memory that there are
 * @param received bytes of the work, and what it is, for people
 */
export function tooMuch(
  operation: string,
  argument: string,
  limit: number,
  received: string,
  remedy: string,
): PxvError {
  const whose = limit === WASM_MEMORY_BYTES ? 'WebAssembly has' : 'are free';
  const expected = `work that fits the ${formatBytes(limit)} of memory that ${whose}`;
  return errorFactory('RESOURCES', operation)(argument, expected, received, remedy);
}
