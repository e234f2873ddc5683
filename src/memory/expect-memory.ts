import { tf } from '../foundation/tfjs.js';
import { errorsOf, type PxvError } from '../foundation/errors.js';
import { buildChain, dimensions, type Chain } from '../model/chain.js';
import type { ModelDescription } from '../model/description.js';
import { modelAtSize } from '../model/smaller-models.js';
import { instructionSetInUse } from '../backend/backend-in-use.js';
import { WASM_MEMORY_BYTES } from '../backend/wasm.js';
import { availableMemory } from './available-memory.js';
import { inUnits } from './byte-units.js';
import { drawingMemory, scoringMemory } from './memory.js';

/**
 * How many examples can be scored together: `wanted` or fewer, which changes no figure.
 * @param atAnySize whether the command scores at other sizes than the model's
 * @throws PxvError `RESOURCES` where there is not memory for one
 */
export function scoringBatch({ chain, description }: DescribedModel, wanted: number, atAnySize = false): number {
  if (!isEstimated()) return wanted;
  const most = memoryInReach();
  const batch = largest(1, wanted, (count) => scoringMemory(chain, count) <= most);
  if (batch === null) throw tooLarge('score', description, atAnySize, most, (of) => scoringMemory(of, 1));
  return batch;
}

/** Of what the system has, as much as the kernels in use can address. */
export function memoryInReach(): number {
  return Math.min(availableMemory(), instructionSetInUse() === 'wasm' ? WASM_MEMORY_BYTES : Infinity);
}

/** What is drawn, and what is held beside the drawing. */
export interface Drawing {
  operation: string;
  /** Images that must be drawn side by side for so many samples; default: as many. */
  together?: (samples: number) => number;
  /** Bytes of the frames that are held until all are written, for so many samples and bytes of a frame. */
  heldBytes: (samples: number, frame: number) => number;
  samples: number;
  /** How the number of samples is asked for, such as `--samples`. */
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
  const { operation, together = (count) => count, samples, heldBytes, option, atAnySize = false } = drawing;
  const bytesOf = (count: number, of = chain) => drawingMemory(of, together(count)) + heldBytes(count, dimensions(of));
  const most = memoryInReach();
  const bytes = bytesOf(samples);
  if (bytes <= most) return;
  const fewer = largest(1, samples - 1, (count) => bytesOf(count) <= most);
  if (fewer === null) throw tooLarge(operation, description, atAnySize, most, (of) => bytesOf(1, of));
  const received = `about ${inUnits(bytes)} for ${samples}`;
  throw tooMuch(operation, option, most, received, `give ${option} ${fewer} or less`);
}

/** Refuses what would take more memory than there is. @param what takes it, for people @throws PxvError `RESOURCES` */
export function expectMemory(operation: string, argument: string, bytes: number, what: string, remedy: string): void {
  const most = memoryInReach();
  if (bytes > most) throw tooMuch(operation, argument, most, `about ${inUnits(bytes)} for ${what}`, remedy);
}

/**
 * How many images can be drawn side by side: `wanted` or fewer, which changes none of them; one where there is not memory
 * for it either.
 * @param heldBytes of what is held meanwhile
 */
export function drawingBatch({ chain }: DescribedModel, wanted: number, heldBytes: number): number {
  if (!isEstimated()) return wanted;
  const most = memoryInReach();
  return largest(1, wanted, (count) => drawingMemory(chain, count) + heldBytes <= most) ?? 1;
}

export type DescribedModel = { chain: Chain; description: ModelDescription };

/** On other backends memory is taken by other rules, and elsewhere. */
export function isEstimated(): boolean {
  return tf.getBackend() !== 'tensorflow';
}

/** The largest whole number from `from` to `to` that fits, where all below one that fits do; null: not even the first. */
export function largest(from: number, to: number, fits: (value: number) => boolean): number | null {
  if (to < from || !fits(from)) return null;
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function tooLarge(
  operation: string,
  description: ModelDescription,
  atAnySize: boolean,
  most: number,
  bytesOf: (chain: Chain) => number,
): PxvError {
  const { width, height } = description.scales[description.scales.length - 1].size;
  const heightAt = (side: number) => Math.max(1, Math.round((side * height) / width));
  const bytesAt = (side: number) =>
    bytesOf(buildChain(modelAtSize(description, { width: side, height: heightAt(side) })));
  const side = largest(1, width - 1, (tried) => bytesAt(tried) <= most);
  const received = `about ${inUnits(bytesAt(width))} for one image of ${width}x${height}`;
  if (side === null) return tooMuch(operation, 'memory', most, received, 'take a smaller network');
  const fitting = `${side}x${heightAt(side)}`;
  // Either takes the place of either.
  const options = `give a smaller size: --size ${fitting}, or --short-side ${Math.min(side, heightAt(side))}, at most`;
  return tooMuch(operation, 'memory', most, received, atAnySize ? options : `take a model of ${fitting} or less`);
}

export function tooMuch(operation: string, argument: string, most: number, received: string, remedy: string): PxvError {
  const whose = most === WASM_MEMORY_BYTES ? 'WebAssembly has' : 'are free';
  const expected = `work that fits the ${inUnits(most)} of memory that ${whose}`;
  return errorsOf('RESOURCES', operation)(argument, expected, received, remedy);
}
