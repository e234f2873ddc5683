import { tf } from '../foundation/tfjs.js';
import { openForTraining } from '../../datasets/index.js';
import { withPrecision } from '../backend/precision.js';
import { globalNorm } from '../backend/updates.js';
import { disposeRollOut } from '../optimization/anchor-loss.js';
import { gradientsOf } from '../optimization/gradients.js';
import { optimisers } from '../optimization/optimisers.js';
import { updated, type TrainingState } from '../optimization/update.js';
import { buildChain, type Chain } from '../model/chain.js';
import { disposeExamples } from '../conditioning/context/examples.js';
import type { RunConfiguration, TrainingConfiguration } from '../training/configuration.js';
import type { Stage } from '../training/stages.js';
import { listClips } from '../video/index.js';
import { trainingBytes } from './expect-training-memory.js';
import { blankExamples, blankWeights } from '../memory/memory.js';
import { blankRollOut } from './training-memory.js';

/** What a training would be. */
export interface Rehearsal {
  /** Clips or images that were found; whether each can be read is seen when it is decoded. */
  found: { unit: 'clips' | 'images'; count: number };
  parameters: number;
  /** Most bytes that it would hold, by count. */
  memoryBytes: number;
  /** Of a step of each stage, with this machine as it is now. */
  secondsPerStep: number[];
}

/**
 * Looks what a training would learn from, counts its memory, and times a step of each stage on blank examples. It writes nothing.
 * @throws PxvError `INPUT` where there is nothing to learn from
 */
export async function rehearseTraining({ model, training, data }: RunConfiguration): Promise<Rehearsal> {
  const chain = buildChain(model);
  return {
    found: await found(chain, data),
    parameters: chain.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    memoryBytes: trainingBytes(model, training, data.type),
    secondsPerStep: training.stages.map((stage) => secondsOfStep(chain, training, stage)),
  };
}

async function found(chain: Chain, data: RunConfiguration['data']): Promise<Rehearsal['found']> {
  if (data.type === 'clips') return { unit: 'clips', count: (await listClips(data.frames)).length };
  const { size, channels } = chain.exampleShape;
  const images = await openForTraining(data.set, 'train', { size, channels, data: data.folder ?? undefined });
  const { count } = images;
  images.close();
  return { unit: 'images', count };
}

/** Of all shards of a step. The first makes arrays that later ones use again, so that the second is timed. */
function secondsOfStep(
  chain: Chain,
  { batch, shards, optimiser, precision }: TrainingConfiguration,
  stage: Stage,
): number {
  const inShard = (examples: number) => Math.ceil(examples / shards);
  const { stateNames, ...rule } = optimisers[optimiser];
  let state: TrainingState = { weights: blankWeights(chain), optimiser: stateNames.map(() => blankWeights(chain)) };
  let seconds = 0;
  for (let step = 1; step <= 2; step++) {
    const started = performance.now();
    const [examples, rollOut] = [blankExamples(chain, inShard(batch)), blankRollOut(chain, inShard(stage.rollOuts))];
    const gradients = withPrecision(precision, () =>
      gradientsOf(chain, state.weights, examples, { ...stage, rollOut }),
    );
    const norm = globalNorm(gradients.gradients);
    state = updated({ stateNames, ...rule }, { learningRate: 0, step }, state, gradients, norm);
    disposeExamples(examples);
    if (rollOut !== null) disposeRollOut(rollOut);
    tf.dispose([gradients.nats, norm, ...gradients.gradients]);
    seconds = (performance.now() - started) / 1000;
  }
  tf.dispose([...state.weights, ...state.optimiser.flat()]);
  return shards * seconds;
}
