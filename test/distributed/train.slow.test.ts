import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { computeGradients } from '../../src/optimization/gradients.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { describeModel, type NetworkName } from '../../src/model/presets.js';
import { singleProcess, type ProcessGroup } from '../../src/distributed/process-group.js';
import { createInitialCheckpoint } from '../../src/training/training-checkpoint.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { ReadOnlyRunFolder, RunFolder } from '../../src/training/run-folder.js';
import { computeStepGradients } from '../../src/training/shards.js';
import { train } from '../../src/training/training-loop.js';
import { warpedFrames } from '../model/tiny-networks.js';
import { movingSquares, squaresToTrainOn, tinyRun } from '../training/moving-square.js';
import { temporaryFolder } from '../video/made-clips.js';
import { inRanks } from './in-memory.js';

const folder = temporaryFolder();
afterAll(folder.remove);
// One thread: what is measured here are bits, and the machine may be busy.
beforeAll(() => chooseBackend({ threads: 1 }));

let runs = 0;
const newRun = (): RunFolder => {
  const run = new RunFolder(join(folder.path, `run-${runs++}`));
  run.create();
  return run;
};

/** Trains as one rank does; stops after a step, where one is given. */
async function trainRank(
  run: RunFolder,
  configuration: RunConfiguration | null,
  processGroup: ProcessGroup,
  until = Infinity,
) {
  const own = processGroup.isMainProcess ? run : new ReadOnlyRunFolder(run.path);
  const { chain, checkpoint } = configuration === null ? own.load() : createInitialCheckpoint(configuration, loadModel);
  const { data } = squaresToTrainOn(chain, checkpoint.configuration.training);
  const controller = new AbortController();
  const stop = { step: until, signal: controller.signal };
  const onStep = ({ step }: { step: number }) => {
    if (step === stop.step && processGroup.isMainProcess) controller.abort(new Error('stopped'));
  };
  return train(chain, checkpoint, data, own, { processGroup, onStep, signal: stop.signal });
}

async function trainIn(size: number, run: RunFolder, configuration: RunConfiguration | null) {
  if (size === 1) return [await trainRank(run, configuration, singleProcess)];
  return inRanks(size, (processGroup) => trainRank(run, configuration, processGroup));
}

/** The state, the model and the log but for its times. */
function madeIn(run: RunFolder) {
  const [state, model] = ['training.safetensors', 'model.safetensors'].map((name) =>
    readFileSync(join(run.path, name)).toString('latin1'),
  );
  return { state, model, log: run.readLog().map((entry) => ({ ...entry, seconds: 0, validationSeconds: 0 })) };
}

const networkOf = (name: NetworkName) => {
  const described = describeModel(name, {
    ...{ size: { width: 8, height: 6 }, channels: 1, levels: 256, hidden: 4, layers: 1 },
    ...{ head: 'logistic-mixture', context: 2 },
  });
  return { ...described.scales[0], conditioning: [{ type: 'previous-frames' as const, context: 2, features: 3 }] };
};

const trainings: [string, RunConfiguration][] = [
  ['a conditional PixelCNN', tinyRun({ steps: 4, batch: 6, shards: 4 }, networkOf('pixel-cnn'))],
  ['a Diagonal BiLSTM', tinyRun({ steps: 4, batch: 6, shards: 4 }, networkOf('diagonal-bilstm'))],
  [
    'one that learns from fewer rollouts than shards',
    tinyRun(
      { steps: 2, batch: 4, shards: 4, stages: [{ trains: 'conditioning', rollOuts: 1 }, { rollOuts: 3 }] },
      { size: { width: 8, height: 8 }, conditioning: [warpedFrames] },
    ),
  ],
];

describe.each(trainings)('%s in four shards', (_, configuration) => {
  const whole = newRun();
  beforeAll(() => trainIn(1, whole, configuration));

  test.each([2, 4])('has the very files and log with %i ranks that it has with one', async (size) => {
    const run = newRun();
    const results = await trainIn(size, run, configuration);
    expect(madeIn(run)).toEqual(madeIn(whole));
    expect(new Set(results.map(({ best, bitsPerDim }) => JSON.stringify({ best, bitsPerDim }))).size).toBe(1);
  });

  test('has them where four ranks were stopped and one goes on', async () => {
    const run = newRun();
    const stopped = await inRanks(4, (processGroup) =>
      trainRank(run, configuration, processGroup, 1).catch((error: Error) => error.message),
    );
    for (const message of stopped) expect(message).toMatch(/stop/);
    const { step, state } = run.load().checkpoint;
    tf.dispose(state);
    expect(step).toBe(1);
    await trainIn(1, run, null);
    expect(madeIn(run)).toEqual(madeIn(whole));
  });

  test('has others with another number of shards, near to them', async () => {
    const other = newRun();
    await trainIn(1, other, { ...configuration, training: { ...configuration.training, shards: 1 } });
    const [one, four] = [other, whole].map((run) => run.readLog().map(({ gradientNorm }) => gradientNorm));
    expect(one).not.toEqual(four);
    for (const [at, norm] of one.entries()) expect(Math.abs(norm / four[at] - 1)).toBeLessThan(1e-3);
  });
});

describe('the shards of a step', () => {
  const gradientsWith = async (shards: number) => {
    const { chain, checkpoint } = createInitialCheckpoint(
      tinyRun({ batch: 6, shards }, networkOf('pixel-cnn')),
      loadModel,
    );
    const { training } = checkpoint.configuration;
    const data = createClipTrainingData(chain, movingSquares(3, 12, chain.exampleShape), [0, 1, 2], [], training);
    const [stage] = training.stages;
    const { weights } = checkpoint.state;
    const examples = data.batch(2, stage, { from: 0, to: 6 });
    const valuesOf = ({ nats, gradients }: { nats: tf.Tensor; gradients: tf.Tensor[] }) =>
      [nats, ...gradients].map((tensor) => [...tensor.dataSync()]);
    const made = valuesOf(
      await computeStepGradients(chain, weights, data, { ...training, step: 2, stage }, singleProcess),
    );
    return { made, whole: valuesOf(computeGradients(chain, weights, examples)) };
  };

  test('are the whole batch where there is one: its gradients are those without shards, bit for bit', async () => {
    const { made, whole } = await gradientsWith(1);
    expect(made).toEqual(whole);
  });

  test('that are unequal add up to it, each weighing as its examples', async () => {
    const { made, whole } = await gradientsWith(4);
    const largest = Math.max(...whole.flat().map(Math.abs));
    for (const [at, values] of whole.entries())
      for (const [i, value] of values.entries()) expect(Math.abs(made[at][i] - value)).toBeLessThan(1e-5 * largest);
  });

  test('are a power of two, and no more than there are examples', () => {
    expect(() => tinyRun({ batch: 8, shards: 3 })).toThrow('must be a power of two, such as 4 or 8');
    expect(() => tinyRun({ batch: 8, shards: 16 })).toThrow('it must be at most 8, the examples of a step');
    const stagesOf = (batch: number) => tinyRun({ batch: 8, shards: 4, stages: [{ batch }] });
    for (const batch of [3, 9])
      expect(() => stagesOf(batch)).toThrow('it must be 4 (training.shards) to 8 (training.batch)');
    expect(stagesOf(4).training.stages[0].batch).toBe(4);
  });
});

test('the time of the first rank decides how long all train', async () => {
  const run = newRun();
  const timed = tinyRun({ steps: null, minutes: 0.02, batch: 4, shards: 2, validations: 1 });
  const results = await trainIn(2, run, timed);
  expect(new Set(results.map(({ step }) => step)).size).toBe(1);
  expect(results[0].configuration).toEqual(results[1].configuration);
});
