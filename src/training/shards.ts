import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { withPrecision, type Precision } from '../backend/precision.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { disposeRollout, type Rollout } from '../optimization/anchor-loss.js';
import { computeGradients, type Gradients } from '../optimization/gradients.js';
import type { Chain } from '../model/chain.js';
import { disposeExamples, type Examples } from '../conditioning/context/examples.js';
import { addInPlace, type ProcessGroup } from '../distributed/process-group.js';
import type { Stage } from './stages.js';

/** Range of indices in a batch: `from` inclusive, `to` exclusive. */
export interface IndexRange {
  from: number;
  to: number;
}

/**
 * Training data of each step. Both functions depend only on the seed, the step (from 0), its stage, and `places`, a
 * range of indices in the step.
 */
export interface StepData {
  /** Reads a range of the examples of a step. */
  batch: (step: number, stage: Stage, places: IndexRange) => Examples;
  /** Reads a range of the training rollouts of a step, for the loss of the learned anchor; null if there are none. */
  rollout: (step: number, stage: Stage, places: IndexRange) => Rollout | null;
}

/**
 * Options for `computeStepGradients`: a step and its shards. Only the number of shards decides the rounding of
 * gradients.
 */
interface ShardedStep {
  /** Index of the step, from 0. */
  step: number;
  stage: Stage;
  /** Number of examples of a step, if its stage names none. */
  batch: number;
  /** Number of shards, a power of two and a multiple of the number of ranks. */
  shards: number;
  /** Precision of products. */
  precision: Precision;
}

/**
 * Returns the range of examples of shard `shard`, from 0, of `shards` in all. The sizes of shards differ by at most
 * one.
 */
export function shardRange(shard: number, shards: number, examples: number): IndexRange {
  const [from, to] = [shard, shard + 1].map((at) => Math.floor((at * examples) / shards));
  return { from, to };
}

/**
 * Computes the gradients of a step, as in `computeGradients`. Each rank computes consecutive shards; a binary tree over
 * all shards adds their gradients. The result is the same to the bit for any number of ranks. The caller disposes the
 * result.
 * @throws PxvError `USAGE` if the backend lacks `asked.precision`
 */
export async function computeStepGradients(
  chain: Chain,
  weights: readonly Tensor[],
  data: StepData,
  asked: ShardedStep,
  processGroup: ProcessGroup,
): Promise<Gradients> {
  const { shards } = asked;
  if (shards === 1) return gradientsOfShard(chain, weights, data, asked, 0);
  const own = shards / processGroup.size;
  const sums: Float32Array[] = [];
  let last: Gradients | null = null;
  for (let shard = 0; shard < own; shard++) {
    if (last !== null) disposeGradients(last);
    last = gradientsOfShard(chain, weights, data, asked, processGroup.rank * own + shard);
    let sum = flat(last);
    // Two sums over the same number of shards are merged.
    for (let made = shard + 1; made % 2 === 0; made /= 2) {
      const before = sums.pop()!;
      addInPlace(before, sum);
      sum = before;
    }
    sums.push(sum);
    await yieldToEventLoop();
  }
  const [sum] = sums;
  await processGroup.allReduce(sum);
  const { gradients, trained } = last!;
  const shapes = gradients.map(({ shape }) => shape);
  disposeGradients(last!);
  return { ...fromFlat(sum, shapes), trained };
}

/**
 * Computes the gradients of one shard, weighted by its fraction of the step's examples. The caller disposes the result.
 * @param shard index of the shard, from 0
 * @throws PxvError `USAGE` if the backend lacks `precision`
 */
export function gradientsOfShard(
  chain: Chain,
  weights: readonly Tensor[],
  data: StepData,
  { step, stage, batch: defaultBatch, shards, precision }: ShardedStep,
  shard: number,
): Gradients {
  const { trains, rollOuts, anchorLoss, batch = defaultBatch } = stage;
  const examples = data.batch(step, stage, shardRange(shard, shards, batch));
  const rollout = data.rollout(step, stage, shardRange(shard, shards, rollOuts));
  const whole = { examples: batch, rollOuts };
  const gradients = withPrecision(precision, () =>
    computeGradients(chain, weights, examples, { trains, rollout, anchorLoss, whole }),
  );
  disposeExamples(examples);
  if (rollout !== null) disposeRollout(rollout);
  return gradients;
}

/** Disposes the tensors of the gradients. */
export function disposeGradients({ nats, gradients }: Gradients): void {
  tf.dispose([nats, ...gradients]);
}

/** Returns all values in one array: the nats, then each gradient. */
function flat({ nats, gradients }: Gradients): Float32Array {
  const tensors = [nats, ...gradients];
  const values = new Float32Array(tensors.reduce((sum, { size }) => sum + size, 0));
  let at = 0;
  for (const tensor of tensors) {
    values.set(tensor.dataSync(), at);
    at += tensor.size;
  }
  return values;
}

function fromFlat(values: Float32Array, shapes: readonly number[][]): Omit<Gradients, 'trained'> {
  let at = 1;
  const gradients = shapes.map((shape) => {
    const from = at;
    at += tf.util.sizeFromShape(shape);
    return tf.tensor(values.slice(from, at), shape);
  });
  return { nats: tf.scalar(values[0]), gradients };
}
