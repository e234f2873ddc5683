import { tf } from '../foundation/tfjs.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { buildChain, countSubPixels, type Chain } from '../model/chain.js';
import type { ModelDescription } from '../model/description.js';
import { resizeDescription } from '../model/resize-description.js';
import { currentInstructionSet } from '../backend/current-backend.js';
import { WASM_MEMORY_BYTES } from '../backend/wasm.js';
import { maxTensorBytes } from '../backend/webgpu-backend.js';
import { availableMemory } from './available-memory.js';
import {
  estimateDynamicEvaluationMemory,
  estimateDrawingMemory,
  estimateScoringMemory,
  LARGEST_TENSOR,
  PEAK_MEMORY,
  type MemoryMeasure,
} from './estimate-memory.js';
import { formatBytes } from './format-bytes.js';

type DescribedModel = { chain: Chain; description: ModelDescription };

/** Limit of memory, with the measure that it limits. */
export interface MemoryLimit {
  bytes: number;
  measure: MemoryMeasure;
  /** Words that follow the bytes in errors, such as `of memory that are free`. */
  of: string;
}

/**
 * Returns the limit of computations on the backend in use: of the peak memory, or of the largest tensor on the adapter
 * of `webgpu`, which reports no more. Returns null on `tensorflow`, whose memory is not estimated.
 * @throws PxvError `USAGE` if PXV_MEMORY is invalid
 */
export function memoryLimit(): MemoryLimit | null {
  const bytes = maxTensorBytes();
  if (bytes !== null) return { bytes, measure: LARGEST_TENSOR, of: 'of a tensor on the adapter' };
  return isEstimated() ? reachableMemory() : null;
}

/**
 * Returns the largest batch size, up to `wanted`, whose scoring fits the memory limit. Returns `wanted` if there is no
 * limit (see `memoryLimit`). No result depends on the batch size.
 * @param atAnySize true if the command can score at other sizes than the model's: the error then names size options
 * @throws PxvError `RESOURCES` if one example does not fit; `USAGE` if PXV_MEMORY is invalid
 */
export function fitScoringBatch({ chain, description }: DescribedModel, wanted: number, atAnySize = false): number {
  const limit = memoryLimit();
  if (limit === null) return wanted;
  const bytesOf = (of: Chain, count: number) => estimateScoringMemory(of, count, limit.measure);
  const batch = findLargest(1, wanted, (count) => bytesOf(chain, count) <= limit.bytes);
  if (batch === null) throw tooLarge('score', description, atAnySize, limit, (of) => bytesOf(of, 1));
  return batch;
}

/**
 * Throws if dynamic evaluation of single examples would take more memory than is available. Does nothing if memory is
 * not estimated (see `isEstimated`).
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertDynamicEvaluationMemory({ chain, description }: DescribedModel): void {
  if (!isEstimated()) return;
  const limit = reachableMemory();
  if (estimateDynamicEvaluationMemory(chain) > limit.bytes)
    throw tooLarge('score', description, true, limit, estimateDynamicEvaluationMemory);
}

/**
 * Returns the limit of the peak memory: what is available, and what the kernels in use can address.
 * @throws PxvError `USAGE` if PXV_MEMORY is invalid
 */
function reachableMemory(): MemoryLimit {
  const available = availableMemory();
  if (currentInstructionSet() === 'wasm' && available >= WASM_MEMORY_BYTES)
    return { bytes: WASM_MEMORY_BYTES, measure: PEAK_MEMORY, of: 'of memory that WebAssembly has' };
  return { bytes: available, measure: PEAK_MEMORY, of: 'of memory that are free' };
}

/** Options for `assertDrawingMemory`: the number of samples to draw, and the memory held besides. */
export interface DrawingMemoryOptions {
  /** Operation that errors name. */
  operation: string;
  /** Returns the batch size in which a number of samples is drawn. Default: the number of samples. */
  batchOf?: (samples: number) => number;
  /**
   * Returns the bytes of frames held until all are written, given a number of samples and the bytes of one frame,
   * `frame`.
   */
  heldBytes: (samples: number, frame: number) => number;
  /** Number of samples. */
  samples: number;
  /** Name of the option that sets the number of samples, such as `--samples`. */
  option: string;
  /** True if the command can draw at other sizes than the model's. Default: false. */
  atAnySize?: boolean;
}

/**
 * Throws if a drawing would take more memory than is available. The error names the number of samples that would fit,
 * or a smaller image size if one sample does not fit. Does nothing if memory is not estimated (see `isEstimated`).
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertDrawingMemory({ chain, description }: DescribedModel, drawing: DrawingMemoryOptions): void {
  if (!isEstimated()) return;
  const { operation, batchOf = (count) => count, samples, heldBytes, option, atAnySize = false } = drawing;
  const bytesOf = (count: number, of = chain) =>
    estimateDrawingMemory(of, batchOf(count)) + heldBytes(count, countSubPixels(of));
  const limit = reachableMemory();
  const bytes = bytesOf(samples);
  if (bytes <= limit.bytes) return;
  const fewer = findLargest(1, samples - 1, (count) => bytesOf(count) <= limit.bytes);
  if (fewer === null) throw tooLarge(operation, description, atAnySize, limit, (of) => bytesOf(1, of));
  const received = `about ${formatBytes(bytes)} for ${samples}`;
  throw memoryError(operation, option, limit, received, `give ${option} ${fewer} or less`);
}

/**
 * Throws if decoding single frames would take more memory than is available. A frame is decoded as it would be drawn.
 * @param models models that decode, each at the size of the frames
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertDecodingMemory(models: readonly DescribedModel[]): void {
  if (!isEstimated()) return;
  const bytes = Math.max(...models.map(({ chain }) => estimateDrawingMemory(chain, 1)));
  const { width, height } = models[0].chain.exampleShape.size;
  const what = `one frame of ${width}x${height}`;
  assertMemory('decode', 'memory', bytes, what, 'decode it on a machine with more free memory');
}

/**
 * Returns the largest batch size, from 1 to `wanted`, whose drawing fits the available memory; 1 if none does. Returns
 * `wanted` if memory is not estimated (see `isEstimated`). No image depends on the batch size.
 * @param heldBytes bytes of other arrays held during the drawing
 * @throws PxvError `USAGE` if PXV_MEMORY is invalid
 */
export function fitDrawingBatch({ chain }: DescribedModel, wanted: number, heldBytes: number): number {
  if (!isEstimated()) return wanted;
  const limit = reachableMemory();
  return findLargest(1, wanted, (count) => estimateDrawingMemory(chain, count) + heldBytes <= limit.bytes) ?? 1;
}

/**
 * Throws if `bytes` is more memory than is available.
 * @param operation name of the operation for errors
 * @param argument name of the argument that determines the need for memory, for errors
 * @param what work that needs the memory, in words for errors
 * @param remedy remedy for the user, for errors
 * @throws PxvError `RESOURCES` if memory is short; `USAGE` if PXV_MEMORY is invalid
 */
export function assertMemory(operation: string, argument: string, bytes: number, what: string, remedy: string): void {
  const limit = reachableMemory();
  if (bytes > limit.bytes)
    throw memoryError(operation, argument, limit, `about ${formatBytes(bytes)} for ${what}`, remedy);
}

/** Returns true if the backend in use allocates memory as the estimates count it; false for `tensorflow`, `webgpu`. */
function isEstimated(): boolean {
  return !['tensorflow', 'webgpu'].includes(tf.getBackend());
}

/**
 * Returns the largest integer from `from` to `to` for which `fits` is true; null if there is none. Tries `to`, then
 * searches by bisection: `fits` must be true below any integer for which it is true.
 */
export function findLargest(from: number, to: number, fits: (value: number) => boolean): number | null {
  if (to < from) return null;
  if (fits(to)) return to;
  let low = from - 1;
  let high = to - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low < from ? null : low;
}

/** Returns the error for a model that does not fit at a batch size of 1; the error names a size that would fit. */
function tooLarge(
  operation: string,
  description: ModelDescription,
  atAnySize: boolean,
  limit: MemoryLimit,
  bytesOf: (chain: Chain) => number,
): PxvError {
  const { width, height } = description.scales[description.scales.length - 1].size;
  const heightAt = (side: number) => Math.max(1, Math.round((side * height) / width));
  const bytesAt = (side: number) =>
    bytesOf(buildChain(resizeDescription(description, { width: side, height: heightAt(side) })));
  const side = findLargest(1, width - 1, (tried) => bytesAt(tried) <= limit.bytes);
  const received = `about ${formatBytes(bytesAt(width))} for one image of ${width}x${height}`;
  if (side === null) return memoryError(operation, 'memory', limit, received, 'use a smaller network');
  const fitting = `${side}x${heightAt(side)}`;
  // Either option can replace the other.
  const options = `give a smaller size: --size ${fitting}, or --short-side ${Math.min(side, heightAt(side))}, at most`;
  return memoryError(operation, 'memory', limit, received, atAnySize ? options : `use a model of ${fitting} or less`);
}

/**
 * Returns a `RESOURCES` error for work that does not fit the memory.
 * @param operation, argument, remedy as in `ErrorParts`
 * @param received memory that the work needs and the work, in words
 */
export function memoryError(
  operation: string,
  argument: string,
  limit: MemoryLimit,
  received: string,
  remedy: string,
): PxvError {
  const expected = `at most the ${formatBytes(limit.bytes)} ${limit.of}`;
  return errorFactory('RESOURCES', operation)(argument, expected, received, remedy);
}
