import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { withPrecision, type Precision } from '../backend/precision.js';
import { yieldToEventLoop } from '../foundation/yield-to-event-loop.js';
import { disposeRollOut, type RollOut } from '../optimization/anchor-loss.js';
import { computeGradients, type Gradients } from '../optimization/gradients.js';
import type { Chain } from '../model/chain.js';
import { disposeExamples, type Examples } from '../conditioning/context/examples.js';
import { addInPlace, type ProcessGroup } from '../distributed/process-group.js';
import type { Stage } from './stages.js';

/** Places in a batch, from one up to and without another. */
export interface IndexRange {
  from: number;
  to: number;
}

/** What is at some places of steps: functions of the seed, the step (0 for the first), its stage and the place alone. */
export interface StepData {
  batch: (step: number, stage: Stage, places: IndexRange) => Examples;
  /** Roll-outs, of which the learned anchor learns; null where there are none. */
  rollOut: (step: number, stage: Stage, places: IndexRange) => RollOut | null;
}

/** What a step learns from, cut into shards: how many there are says how its gradients round, and nothing else does. */
export interface ShardedStep {
  /** 0 for the first. */
  step: number;
  stage: Stage;
  /** Examples of the step. */
  batch: number;
  /** A power of two that the ranks divide. */
  shards: number;
  precision: Precision;
}

/** Where a shard begins and ends among so many examples. Where they cannot be equal, they differ by one. */
export function shardRange(shard: number, shards: number, examples: number): IndexRange {
  const [from, to] = [shard, shard + 1].map((at) => Math.floor((at * examples) / shards));
  return { from, to };
}

/**
 * The gradients of a step, as `computeGradients` has them. Each rank computes those of its shards, which follow each other, and
 * they are added in one binary tree over all shards. So any number of ranks gives the same bits.
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
    // Two sums of as many shards become one.
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

/** Computes the gradients of one shard, weighed by its share of the step's examples. */
export function gradientsOfShard(
  chain: Chain,
  weights: readonly Tensor[],
  data: StepData,
  { step, stage, batch, shards, precision }: ShardedStep,
  shard: number,
): Gradients {
  const { trains, rollOuts } = stage;
  const examples = data.batch(step, stage, shardRange(shard, shards, batch));
  const rollOut = data.rollOut(step, stage, shardRange(shard, shards, rollOuts));
  const whole = shards === 1 ? undefined : { examples: batch, rollOuts };
  const gradients = withPrecision(precision, () =>
    computeGradients(chain, weights, examples, { trains, rollOut, whole }),
  );
  disposeExamples(examples);
  if (rollOut !== null) disposeRollOut(rollOut);
  return gradients;
}

export function disposeGradients({ nats, gradients }: Gradients): void {
  tf.dispose([nats, ...gradients]);
}

/** All numbers one after another: the nats, then each gradient. */
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
