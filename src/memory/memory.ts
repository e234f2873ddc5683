import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { countBytes } from '../backend/counting-backend.js';
import { blankGiven } from '../conditioning/index.js';
import { buildChain, chainConditions, chainScores, dimensions, type Chain } from '../model/chain.js';
import { engineBytes } from '../model/engine-bytes.js';
import { disposeExamples, type Examples } from '../conditioning/context/examples.js';
import { frameBytes } from '../foundation/levels.js';
import { modelAtSize } from '../model/smaller-models.js';
import { LONGEST_STRIDE, SUBSEQUENCES } from '../conditioning/context/history.js';

/** Bytes of a process that has loaded everything and has computed something small: see docs/measurements.md, "Memory". */
export const PROCESS = 142 * 2 ** 20;
/** Sub-pixels of a batch that are counted at most: gradients of sums begin with arrays of ones, which are there as they are. */
const MOST_COUNTED = 2 ** 24;

/** Most bytes that a process scores examples of a chain in, `batch` of them together. */
export function scoringMemory(chain: Chain, batch: number): number {
  const bytes = inProportion(chain, batch, (counted, examples) =>
    countBytes(() => {
      // Those of the model, and those that score.
      const [kept, weights] = [blankWeights(counted), blankWeights(counted)];
      score(counted, weights, examples);
      tf.dispose([...kept, ...weights]);
    }),
  );
  return PROCESS + bytes;
}

/** Most bytes that a process draws images of a chain in, `batch` of them side by side. */
export function drawingMemory(chain: Chain, batch: number): number {
  const bytes = countBytes(() => {
    const weights = blankWeights(chain);
    const [buffer, examples] = [blankExamples(chain, batch), blankExamples(chain, batch)];
    tf.tidy(() => {
      const conditions = chainConditions(chain, weights, examples, [...chain.scales.keys()]);
      for (const made of conditions)
        [made?.map ?? [], made?.anchors ?? [], made?.references ?? []].flat().forEach(copied);
    });
    [buffer, examples].forEach(disposeExamples);
    tf.dispose(weights);
  });
  const { exampleShape, scales } = chain;
  const { context } = exampleShape;
  // What a future remembers of all frames, with room for one more, and of each slower subsequence, with what was known of it.
  const slower = SUBSEQUENCES.length - 1;
  const remembered = LONGEST_STRIDE * context + 1 + slower * (2 * context + 1);
  // What is drawn and what is expected, in levels of 16 bits and in bytes.
  const drawn = 2 * (Int16Array.BYTES_PER_ELEMENT + Uint8Array.BYTES_PER_ELEMENT);
  const ofImage = (remembered + drawn) * frameBytes(exampleShape) + Math.max(...scales.map(engineBytes));
  // The model has the weights as well, and the engine, in the order in which it reads them.
  return PROCESS + bytes + batch * ofImage + 2 * weightBytes(chain);
}

/** What a count gives; of a large work a smaller one is counted, at a smaller size at last: what is held grows as its pixels do. */
export function inProportion(
  chain: Chain,
  examples: number,
  count: (chain: Chain, examples: number) => number,
): number {
  const image = dimensions(chain);
  if (examples * image <= MOST_COUNTED) return count(chain, examples);
  const fewer = Math.max(1, Math.floor(MOST_COUNTED / image));
  const { width, height } = chain.exampleShape.size;
  const shorter = (side: number) => Math.ceil(side * Math.min(1, Math.sqrt(MOST_COUNTED / image)));
  const size = { width: shorter(width), height: shorter(height) };
  const smaller = buildChain(
    modelAtSize({ version: 1, scales: chain.scales.map(({ description }) => description) }, size),
  );
  return (count(smaller, fewer) * examples * image) / (fewer * dimensions(smaller));
}

/** Scores so many examples, as `scoreEach` does, and then fewer: what the pool keeps of the ones does not serve the others. */
export function score(chain: Chain, weights: readonly Tensor[], together: number): void {
  const buffer = blankExamples(chain, together);
  for (const count of [together, Math.ceil(together / 2) - 1]) {
    if (count < 1) continue;
    const examples = blankExamples(chain, count);
    tf.tidy(() => {
      const scores = chainScores(chain, weights, examples);
      const nats = tf.concat(
        scores.map((score) => score.nats),
        1,
      );
      [nats, ...scores[scores.length - 1].anchors].forEach(copied);
    });
    disposeExamples(examples);
  }
  disposeExamples(buffer);
}

/** A copy of a tensor as JavaScript has it, in the shape of a tensor; the backend has made one more on the way. */
export function copied({ shape }: Tensor): Tensor {
  tf.fill(shape, 0).dispose();
  return tf.fill(shape, 0);
}

/** Tensors of zeros, which are no more than their shapes where they are counted. */
export function blankWeights({ parameters }: Chain): Tensor[] {
  return parameters.map(({ shape }) => tf.keep(tf.fill([...shape], 0)));
}

export function blankImages({ exampleShape: { size, channels } }: Chain, batch: number): Tensor4D {
  return tf.fill([batch, size.height, size.width, channels], 0);
}

export function blankExamples(chain: Chain, batch: number): Examples {
  const given = blankGiven(chain.exampleShape, chain.exampleShape, batch);
  return { image: blankImages(chain, batch), seen: blankImages(chain, batch), given };
}

export function weightBytes({ parameters }: Chain): number {
  const numbers = parameters.map(({ shape }) => shape.reduce((all, side) => all * side, 1));
  return Float32Array.BYTES_PER_ELEMENT * numbers.reduce((sum, count) => sum + count, 0);
}
