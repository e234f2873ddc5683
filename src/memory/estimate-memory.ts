import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { countBytes, countLargestTensor } from '../backend/counting-backend.js';
import { DynamicEvaluation } from '../evaluation/dynamic-evaluation.js';
import { scoreExamples } from '../evaluation/scoring.js';
import {
  buildChain,
  countSubPixels,
  downsampleExamples,
  canPredictAtStrides,
  selectScaleParameters,
  type Chain,
} from '../model/chain.js';
import { frameBytes } from '../foundation/levels.js';
import { engineMemory } from '../model/engine-memory.js';
import { blankExamples, disposeExamples } from '../conditioning/context/examples.js';
import { resizeDescription } from '../model/resize-description.js';
import { maxKeptFrames } from '../conditioning/context/history.js';
import { readConditioning } from '../sampling/image-sampler.js';

/** Bytes of a process that has loaded all code and computed something small (docs/measurements.md, "Memory"). */
const PROCESS_BYTES = 142 * 2 ** 20;

/** Measure of the memory that a computation needs: `base` plus the result of `count`. */
export interface MemoryMeasure {
  /** Number of bytes that any computation needs. */
  base: number;
  /** Returns the number of bytes that `run` needs. `run` is executed without computing values: see `countBytes`. */
  count: (run: () => void) => number;
}

/** Peak memory of a process that computes on the native backend. */
export const PEAK_MEMORY: MemoryMeasure = { base: PROCESS_BYTES, count: countBytes };
/** Largest tensor on the native backend. Composed forms make the same tensors, and some that may be larger. */
export const LARGEST_TENSOR: MemoryMeasure = { base: 0, count: countLargestTensor };
/** Maximum sub-pixels of a counted batch. Gradients of sums begin with arrays of ones, which take real memory. */
const MAX_COUNTED = 2 ** 24;

/**
 * Returns the peak memory, in bytes, of a process that scores examples of a chain with the batch size `batch`; or
 * another `measure` of the memory.
 */
export function estimateScoringMemory(chain: Chain, batch: number, measure = PEAK_MEMORY): number {
  const score = (counted: Chain, examples: number) => {
    // Weights of the model, besides those used for scoring.
    blankWeights(counted);
    scoreBlankExamples(counted, blankWeights(counted), examples);
  };
  return estimateMemory(chain, batch, score, measure);
}

/** Returns the peak memory, in bytes, of a process that scores examples one by one with dynamic evaluation. */
export function estimateDynamicEvaluationMemory(chain: Chain): number {
  return estimateMemory(chain, 1, (counted) => {
    // Weights of the model, besides those that dynamic evaluation starts from.
    blankWeights(counted);
    const adaptation = new DynamicEvaluation(counted, blankWeights(counted));
    scoreBlankExamples(counted, adaptation, 1);
    adaptation.dispose();
  });
}

/**
 * Returns the peak memory, in bytes, of a process that draws images of a chain with the batch size `batch`. Frames held
 * until they are written are not counted.
 */
export function estimateDrawingMemory(chain: Chain, batch: number): number {
  const { exampleShape, scales } = chain;
  const bytes = countBytes(() => {
    // Weights of the model, those of the engine, in its own order, and the buffer that collects the examples.
    blankWeights(chain);
    blankWeights(chain);
    blankExamples(exampleShape, batch);
    const weights = blankWeights(chain);
    const examples = blankExamples(exampleShape, batch);
    for (const [scale, network] of scales.entries()) {
      const conditioningInputs = () => downsampleExamples(chain, scale, examples).conditioningInputs;
      readConditioning(network, selectScaleParameters(chain, scale, weights), { conditioningInputs });
    }
  });
  // Drawn and expected frames, in levels of 16 bits and in bytes.
  const drawn = 2 * (Int16Array.BYTES_PER_ELEMENT + Uint8Array.BYTES_PER_ELEMENT);
  const frames = maxKeptFrames(exampleShape.context) + drawn;
  const ofImage = frames * frameBytes(exampleShape) + Math.max(...scales.map(engineMemory));
  return PROCESS_BYTES + bytes + batch * ofImage;
}

/**
 * Returns the memory, in bytes, of a process in which `run` works on `examples` examples of a chain. Above 2^24
 * sub-pixels, `run` is called with fewer examples, or with a chain of smaller images. The bytes are then scaled up in
 * proportion to the sub-pixels.
 */
export function estimateMemory(
  chain: Chain,
  examples: number,
  run: (chain: Chain, examples: number) => void,
  { base, count }: MemoryMeasure = PEAK_MEMORY,
): number {
  const image = countSubPixels(chain);
  if (examples * image <= MAX_COUNTED) return base + count(() => run(chain, examples));
  const fewer = Math.max(1, Math.floor(MAX_COUNTED / image));
  const { width, height } = chain.exampleShape.size;
  const shorter = (side: number) => Math.ceil(side * Math.min(1, Math.sqrt(MAX_COUNTED / image)));
  const size = { width: shorter(width), height: shorter(height) };
  const description = { version: 1, scales: chain.scales.map((network) => network.description) } as const;
  const smaller = buildChain(resizeDescription(description, size));
  const bytes = count(() => run(smaller, fewer));
  return base + (bytes * examples * image) / (fewer * countSubPixels(smaller));
}

/**
 * Scores a batch of `batch` blank examples, then one of about half the size, to count the memory of scoring. Arrays of
 * the smaller batch differ in length, so the pool cannot reuse those of the first.
 * @param weights tensors in the order of `chain.parameters`; or dynamic evaluation, which also learns from each batch
 */
export function scoreBlankExamples(chain: Chain, weights: readonly Tensor[] | DynamicEvaluation, batch: number): void {
  const blank = (count: number) => blankExamples(chain.exampleShape, count);
  const buffer = blank(batch);
  for (const count of [batch, Math.ceil(batch / 2) - 1]) {
    if (count < 1) continue;
    scoreExamples(chain, weights, blank(count), 'learn' in weights && canPredictAtStrides(chain) ? blank(count) : null);
  }
  disposeExamples(buffer);
}

/** Returns tensors of zeros in the shapes of a chain's weights. The caller disposes the result. */
export function blankWeights({ parameters }: Chain): Tensor[] {
  return parameters.map(({ shape }) => tf.fill([...shape], 0));
}
