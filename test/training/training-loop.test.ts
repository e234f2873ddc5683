import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { PxvError } from '../../src/foundation/errors.js';
import { levelDifferences, HistogramBaseline } from '../../src/evaluation/baselines.js';
import { buildChain } from '../../src/model/chain.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { createInitialCheckpoint } from '../../src/training/training-checkpoint.js';
import { RunFolder } from '../../src/training/run-folder.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import { CheckpointSaver } from '../../src/training/checkpoint-saver.js';
import { train, type LogEntry, type TrainingHooks, type TrainingProgress } from '../../src/training/training-loop.js';
import { bf16Sets, kernelSets } from '../backend/implementations.js';
import { warpedFrames } from '../model/tiny-networks.js';
import { temporaryFolder } from '../video/made-clips.js';
import { movingSquares, squaresToTrainOn, tinyRun } from './moving-square.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

let runs = 0;
const newRun = (): RunFolder => {
  const run = new RunFolder(join(folder.path, `run-${runs++}`));
  run.create();
  return run;
};

/** Trains on four clips, the last of which validates. */
async function trainRun(
  run: RunFolder,
  configuration: RunConfiguration | null,
  hooks: TrainingHooks = {},
  poison = false,
) {
  const { chain, checkpoint } = configuration === null ? run.load() : createInitialCheckpoint(configuration, loadModel);
  if (configuration === null) run.cutLog(checkpoint.step);
  else run.writeConfiguration(configuration);
  if (poison) {
    const [first, ...rest] = checkpoint.state.weights;
    checkpoint.state.weights = [tf.keep(tf.fill(first.shape, NaN)), ...rest];
    first.dispose();
  }
  const { store, data } = squaresToTrainOn(chain, checkpoint.configuration.training);
  const result = await train(chain, checkpoint, data, run, hooks);
  return { result, store };
}

const bytesOf = (run: RunFolder, name = 'training.safetensors') => readFileSync(join(run.path, name));
const logOf = (run: RunFolder) =>
  readFileSync(join(run.path, 'log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry);

/** Aborts once so many steps are done; as Ctrl-C does. */
function stopAfter(step: number): TrainingHooks {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onStep: (progress) => {
      if (progress.step === step) controller.abort(new Error('stopped'));
    },
  };
}

describe('a training that is stopped and resumed', () => {
  test.each(['adam', 'rmsprop'])('with %s ends with the very files of one that never stopped', async (optimiser) => {
    const configuration = tinyRun({ optimiser, steps: 6 });
    const whole = newRun();
    const stopped = newRun();
    await trainRun(whole, configuration);
    await expect(trainRun(stopped, configuration, stopAfter(2))).rejects.toThrow('stopped');
    const { checkpoint } = stopped.load();
    expect(checkpoint.step).toBe(2);
    await expect(trainRun(stopped, null, stopAfter(5))).rejects.toThrow('stopped');
    const { result } = await trainRun(stopped, null);
    expect(result.step).toBe(6);
    expect(bytesOf(stopped).equals(bytesOf(whole))).toBe(true);
    expect(bytesOf(stopped, 'model.safetensors').equals(bytesOf(whole, 'model.safetensors'))).toBe(true);
    const steps = (run: RunFolder) =>
      logOf(run).map(({ step, bitsPerDim, validation }) => ({ step, bitsPerDim, validation }));
    expect(steps(stopped)).toEqual(steps(whole));
  });

  slowTest('that learns from its own predictions too ends with the very files of one that never stopped', async () => {
    const own = tinyRun({ steps: 4, stages: [{ rollOuts: 1 }] }, { conditioning: [warpedFrames] });
    const whole = newRun();
    const stopped = newRun();
    const without = newRun();
    await trainRun(whole, own);
    await expect(trainRun(stopped, own, stopAfter(2))).rejects.toThrow('stopped');
    await trainRun(stopped, null);
    expect(bytesOf(stopped).equals(bytesOf(whole))).toBe(true);
    await trainRun(without, tinyRun({ steps: 4 }, { conditioning: [warpedFrames] }));
    expect(loadModel(without.path).weights).not.toEqual(loadModel(whole.path).weights);
  });

  test('has a model to predict with, even before the first validation', async () => {
    const run = newRun();
    await expect(trainRun(run, tinyRun({ validations: 1 }), stopAfter(1))).rejects.toThrow('stopped');
    expect(loadModel(run.path).step).toBe(1);
  });

  test('that had reached its last step does nothing more', async () => {
    const run = newRun();
    await trainRun(run, tinyRun({ steps: 2 }));
    const before = bytesOf(run);
    expect((await trainRun(run, null)).result).toMatchObject({ step: 2 });
    expect(bytesOf(run).equals(before)).toBe(true);
    expect(logOf(run)).toHaveLength(2);
  });
});

test('if the decoder learns alone, the weights of the conditioning stay, and all others learn', async () => {
  const first = newRun();
  const after = newRun();
  const network = { conditioning: [warpedFrames] };
  await trainRun(first, tinyRun({ steps: 2 }, network));
  await trainRun(after, tinyRun({ steps: 3, from: first.path, stages: [{ trains: 'decoder' }] }, network));
  const [begun, learned] = [first, after].map(({ path }) => loadModel(path));
  const isSame = begun.weights.map((weight, at) =>
    Buffer.from(weight.buffer).equals(Buffer.from(learned.weights[at].buffer)),
  );
  expect(isSame).toEqual(begun.chain.parameters.map(({ name }) => name.includes('warped-frames')));
});

describe('a training in stages', () => {
  const network = { conditioning: [warpedFrames] };
  const stages = [
    { trains: 'conditioning', share: 2, rollOuts: 1 },
    { trains: 'decoder', rate: 0.001 },
    { trains: 'all', share: 2 },
  ];
  const staged = tinyRun({ steps: 5, validations: 5, stages }, network);

  test('trains in each what the stage says, and knows no bits/dim where the conditioning learns alone', async () => {
    const run = newRun();
    const told: TrainingProgress[] = [];
    const weights: Float32Array[][] = [];
    for (const steps of [1, 2, 3, 4, 5]) {
      const hooks = steps === 5 ? {} : stopAfter(steps);
      const onStep = (progress: TrainingProgress) => {
        told.push(progress);
        hooks.onStep?.(progress);
      };
      await trainRun(run, steps === 1 ? staged : null, { ...hooks, onStep }).catch(() => undefined);
      const { state } = run.load().checkpoint;
      weights.push(state.weights.map((tensor) => tensor.dataSync<'float32'>().slice()));
      tf.dispose([state.weights, state.optimiser]);
    }
    const isConditioning = buildChain(staged.model).parameters.map(({ name }) => name.includes('warped-frames'));
    const learned = weights
      .slice(1)
      .map((after, step) =>
        after.map((values, at) => !values.every((value, place) => value === weights[step][at][place])),
      );
    expect(learned[0]).toEqual(isConditioning);
    expect(learned[1]).toEqual(isConditioning.map((of) => !of));
    expect(learned[2].every(Boolean)).toBe(true);
    expect(told.map(({ bitsPerDim }) => bitsPerDim === null)).toEqual([true, true, false, false, false]);
    const log = logOf(run);
    expect(log.map((entry) => 'anchorLoss' in entry)).toEqual([true, true, false, false, false]);
    expect(log.map(({ validation }) => validation !== undefined)).toEqual([false, false, true, true, true]);
  });

  slowTest(
    'that is stopped after any step and resumed ends with the very files of one that never stopped',
    async () => {
      const whole = newRun();
      await trainRun(whole, staged);
      for (const steps of [1, 2, 3, 4]) {
        const stopped = newRun();
        await expect(trainRun(stopped, staged, stopAfter(steps))).rejects.toThrow('stopped');
        await trainRun(stopped, null);
        expect(bytesOf(stopped).equals(bytesOf(whole))).toBe(true);
      }
    },
  );

  test('counts no validations towards its patience where the conditioning learned alone, resumed or not', async () => {
    const stages = [{ trains: 'all' as const }, { trains: 'conditioning' as const }];
    // So small a rate that no validation is better than the first.
    const stage = { rate: 1e-30, share: 3 };
    const training = { steps: 6, validations: 6, patience: 3, stages: stages.map((one) => ({ ...one, ...stage })) };
    const run = newRun();
    await expect(trainRun(run, tinyRun(training, network), stopAfter(5))).rejects.toThrow('stopped');
    expect((await trainRun(run, null)).result).toMatchObject({ step: 6, best: { step: 1 } });
  });

  test('has a model at its end, also where nothing but the conditioning has learned', async () => {
    const run = newRun();
    await trainRun(run, tinyRun({ steps: 2, validations: 2, stages: [{ trains: 'conditioning' }] }, network));
    expect(loadModel(run.path).step).toBe(2);
  });

  test('begins each with an optimiser that has seen nothing', async () => {
    const run = newRun();
    await expect(trainRun(run, staged, stopAfter(3))).rejects.toThrow('stopped');
    const { chain, checkpoint } = run.load();
    const { weights, optimiser } = checkpoint.state;
    const seen = optimiser.map((state) => state.map((tensor) => tensor.dataSync().some((value) => value !== 0)));
    const isDecoder = chain.parameters.map(({ name }) => !name.includes('warped-frames'));
    expect(seen).toEqual([isDecoder, isDecoder]);
    tf.dispose([weights, optimiser]);
  });
});

(bf16Sets.length > 0 ? describe : describe.skip)('a training in bf16', () => {
  const bf16 = tinyRun({ precision: 'bf16', steps: 4 });

  test('that is stopped and resumed ends with the very files of one that never stopped', async () => {
    const whole = newRun();
    const stopped = newRun();
    await trainRun(whole, bf16);
    await expect(trainRun(stopped, bf16, stopAfter(2))).rejects.toThrow('stopped');
    await trainRun(stopped, null);
    expect(bytesOf(stopped).equals(bytesOf(whole))).toBe(true);
  });

  test('goes nearly where one in float32 goes, and is validated in float32', async () => {
    const run = newRun();
    const float32 = newRun();
    await trainRun(run, bf16);
    await trainRun(float32, tinyRun({ steps: 4 }));
    const [steps, expected] = [run, float32].map((one) => logOf(one).map(({ bitsPerDim }) => bitsPerDim));
    expect(steps).not.toEqual(expected);
    steps.forEach((bitsPerDim, i) => expect(Math.abs(bitsPerDim / expected[i] - 1)).toBeLessThan(0.02));

    const { chain, checkpoint } = run.load();
    const store = movingSquares(4, 12, chain.exampleShape);
    const { validate } = createClipTrainingData(
      chain,
      store,
      [0, 1, 2],
      [{ clip: 3, from: 1 }],
      tinyRun({ steps: 4 }).training,
    );
    expect(await validate!(checkpoint.state.weights)).toBe(logOf(run).at(-1)!.validation);
  });
});

test('another seed ends with other weights', async () => {
  const one = newRun();
  const two = newRun();
  await trainRun(one, tinyRun({ steps: 1, seed: '1' }));
  await trainRun(two, tinyRun({ steps: 1, seed: '2' }));
  const weights = ({ path }: RunFolder) => loadModel(path).weights;
  expect(weights(one)).not.toEqual(weights(two));
});

test('log.jsonl holds a line a step, with the validation where there was one, and the best model is kept', async () => {
  const run = newRun();
  const { result } = await trainRun(run, tinyRun({ steps: 6, validations: 3 }));
  const log = logOf(run);
  expect(log.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { step, bitsPerDim, gradientNorm, learningRate, seconds, validation } of log) {
    expect(bitsPerDim).toBeGreaterThan(0);
    expect(gradientNorm).toBeGreaterThan(0);
    expect(learningRate).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThan(0);
    expect(validation !== undefined).toBe(step % 2 === 0);
  }
  const best = log.filter(({ validation }) => validation !== undefined).sort((a, b) => a.validation - b.validation)[0];
  expect(result.best).toEqual({ step: best.step, bitsPerDim: best.validation });
  expect(result.last).toEqual({ step: 6, bitsPerDim: log.at(-1)!.validation });
  expect(run.load().checkpoint.best).toEqual(result.best);
  expect(loadModel(run.path).step).toBe(best.step);
});

test('clips for validation are never learnt from, and clips to learn from never validate', async () => {
  const { store } = await trainRun(newRun(), tinyRun({ steps: 8, validations: 1, validationExamples: 3 }));
  const clips = store.reads.map(({ clip }) => clip);
  expect(clips.slice(0, 16).filter((clip) => clip === 3)).toEqual([]);
  expect(clips.slice(16)).toEqual([3, 3, 3]);
});

test('without clips for validation the latest weights are the model', async () => {
  const run = newRun();
  const configuration = tinyRun({ steps: 3 });
  const { chain, checkpoint } = createInitialCheckpoint(configuration, loadModel);
  const store = movingSquares(1, 5, chain.exampleShape);
  const data = createClipTrainingData(chain, store, [0], [], configuration.training);
  const result = await train(chain, checkpoint, data, run);
  expect(result.best).toBeNull();
  expect(loadModel(run.path).step).toBe(3);
});

test('progress is told after each step', async () => {
  const told: unknown[] = [];
  await trainRun(newRun(), tinyRun({ steps: 4, validations: 2 }), {
    onStep: ({ step, steps, validation }) => told.push([step, steps, validation !== null]),
  });
  expect(told).toEqual([
    [1, 4, false],
    [2, 4, true],
    [3, 4, true],
    [4, 4, true],
  ]);
});

describe('a training whose likelihood is not finite', () => {
  async function divergence(action: Promise<unknown>): Promise<PxvError> {
    return action.then(
      () => Promise.reject(new Error('trained on')),
      (error: PxvError) => error,
    );
  }

  const hasFiniteModel = ({ path }: RunFolder) =>
    loadModel(path).weights.every((values) => values.every(Number.isFinite));

  test('stops with DIVERGED, and the last good state can still be loaded', async () => {
    const run = newRun();
    const configuration = tinyRun({ steps: 6 });
    await expect(trainRun(run, configuration, stopAfter(3))).rejects.toThrow('stopped');
    const before = bytesOf(run);
    const error = await divergence(trainRun(run, null, {}, true));
    expect(error.code).toBe('DIVERGED');
    expect(error.message).toMatch(
      /^train: step 4: expected a finite likelihood .*, received .* nats and a gradient norm of NaN \(first in the /,
    );
    expect(error.message).toMatch(/\(first in the gradient of scales\.0\.previous-frames\.[\w.-]+\); lower /);
    expect(error.message).not.toMatch(/\n/);
    expect(error.parts.remedy).toBe(`lower the learning rate; the last saved state stays in ${run.path}`);
    expect(bytesOf(run).equals(before)).toBe(true);
    expect(run.load().checkpoint.step).toBe(3);
    expect(hasFiniteModel(run)).toBe(true);
  });

  test('at a learning rate that is absurdly high stops too, and what it leaves is finite', async () => {
    const run = newRun();
    const error = await divergence(
      trainRun(run, tinyRun({ steps: 200, validations: 200, stages: [{ rate: 1e12, warmUp: 0 }] })),
    );
    expect(error.code).toBe('DIVERGED');
    if (!existsSync(join(run.path, 'model.safetensors'))) return;
    expect(hasFiniteModel(run)).toBe(true);
  });

  test('keeps the state before where weights themselves are not finite, and names them', async () => {
    const run = newRun();
    await expect(trainRun(run, tinyRun({ steps: 6 }), stopAfter(3))).rejects.toThrow('stopped');
    const before = bytesOf(run);
    const { chain, checkpoint } = run.load();
    const [first, ...rest] = checkpoint.state.weights;
    const saver = new CheckpointSaver(chain, run);
    const infinite = tf.fill(first.shape, Infinity);
    const state = { ...checkpoint.state, weights: [infinite, ...rest] };
    const message = `numbers of ${chain.parameters[0].name} that are not finite; lower the learning rate; the last`;
    expect(() => saver.atStop({ ...checkpoint, state })).toThrow(message);
    expect(() => saver.afterStep({ ...checkpoint, state }, true)).toThrow(message);
    expect(bytesOf(run).equals(before)).toBe(true);
    tf.dispose([infinite, checkpoint.state]);
  });

  test('before anything was saved does not promise a state that is not there', async () => {
    const run = newRun();
    const error = await divergence(trainRun(run, tinyRun(), {}, true));
    expect(error.message).toMatch(/; lower the learning rate$/);
    expect(run.hasTraining).toBe(false);
  });
});

describe('a training that is given minutes', () => {
  const bySeconds = (seconds: number) => tinyRun({ steps: null, minutes: seconds / 60, validations: 3 });

  slowTest('takes about that long, and fixes its number of steps once, which its configuration keeps', async () => {
    const run = newRun();
    const started = performance.now();
    const told: TrainingProgress[] = [];
    const { result } = await trainRun(run, bySeconds(4), { onStep: (progress) => told.push(progress) });
    const seconds = (performance.now() - started) / 1000;
    expect(seconds).toBeLessThan(7);
    expect(told[0]).toMatchObject({ steps: null, time: { total: 4 } });
    const fixed = new Set(told.flatMap(({ steps }) => steps ?? []));
    expect(fixed.size).toBe(1);
    const { training } = run.load().checkpoint.configuration;
    expect(training).toMatchObject({ steps: [...fixed][0], minutes: 4 / 60, pace: [{ steps: training.steps }] });
    expect(told.at(-1)!.time!.passed).toBeGreaterThan(told[0].time!.passed);
    const validated = logOf(run).filter(({ validation }) => validation !== undefined);
    expect(validated.at(-1)).toMatchObject({ step: result.step, validationSeconds: expect.any(Number) as number });
    expect(JSON.parse(bytesOf(run, 'config.json').toString())).toEqual(result.configuration);
  });

  slowTest('and gets slower ends in time after a validation, and goes on to its last step when resumed', async () => {
    const run = newRun();
    const slowed = {
      onStep: ({ steps }: TrainingProgress) => {
        // Longer than the whole time, once the number of steps is fixed.
        if (steps !== null) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
      },
    };
    const { result } = await trainRun(run, bySeconds(1), slowed);
    const { steps } = result.configuration.training;
    expect(result.step).toBeLessThan(steps!);
    expect(result.last).toMatchObject({ step: result.step });
    expect(run.load().checkpoint.step).toBe(result.step);
    const resumed = await trainRun(run, null);
    expect(resumed.result.step).toBe(steps);
  });

  slowTest('can be gone through again by the schedule that it recorded, to the same weights', async () => {
    const run = newRun();
    const again = newRun();
    await trainRun(run, bySeconds(0.8));
    // On a slow machine the time is over before the last step.
    const { result } = await trainRun(run, null);
    await trainRun(again, result.configuration);
    const stateOf = ({ path }: RunFolder) => readSafetensors(join(path, 'training.safetensors')).arrays;
    expect(again.load().checkpoint.step).toBe(result.step);
    expect(stateOf(again)).toEqual(stateOf(run));
    const { configuration } = result;
    const unknown = { ...configuration, training: { ...configuration.training, steps: null } };
    const { checkpoint } = createInitialCheckpoint(unknown, loadModel);
    expect(checkpoint.configuration.training).toEqual({ ...configuration.training, minutes: null });
    tf.dispose(checkpoint.state);
  });

  slowTest('and stopped keeps its number of steps, and goes on to the last', async () => {
    const run = newRun();
    const controller = new AbortController();
    let fixed: number | null = null;
    const onStep = ({ steps }: TrainingProgress) => {
      if (fixed !== null) controller.abort(new Error('stopped'));
      fixed = steps;
    };
    const stopped = trainRun(run, bySeconds(2), { onStep, signal: controller.signal });
    await expect(stopped).rejects.toThrow('stopped');
    const { result } = await trainRun(run, null);
    expect(result.step).toBe(fixed);
  });
});

test('no tensor is left over from step to step', async () => {
  const counts: number[] = [];
  await trainRun(newRun(), tinyRun({ steps: 5, validations: 1 }), {
    onStep: () => counts.push(tf.memory().numTensors),
  });
  expect(new Set(counts).size).toBe(1);
});

test('no tensor is left over by a training, however it ends', async () => {
  const before = tf.memory().numTensors;
  await trainRun(newRun(), tinyRun({ steps: 2 }));
  expect(tf.memory().numTensors).toBe(before);
  await expect(trainRun(newRun(), tinyRun(), stopAfter(1))).rejects.toThrow('stopped');
  expect(tf.memory().numTensors).toBe(before);
  await expect(trainRun(newRun(), tinyRun(), {}, true)).rejects.toMatchObject({ code: 'DIVERGED' });
  expect(tf.memory().numTensors).toBe(before);
});

slowTest('a tiny network learns to do better than the previous frame on a clip that it has not seen', async () => {
  const run = newRun();
  const configuration = tinyRun({
    steps: 220,
    batch: 4,
    validations: 2,
    validationExamples: 8,
    stages: [{ rate: 0.01, warmUp: 20 }],
  });
  const { result, store } = await trainRun(run, configuration);
  const log = logOf(run);
  const baseline = new HistogramBaseline(1, 256);
  const { size, channels } = configuration.model.scales[0];
  const frame = () => ({ ...size, channels, data: new Uint8Array(size.width * size.height) });
  for (let at = 1; at < 12; at++) {
    const before = frame();
    const after = frame();
    store.read(3, at - 1, 1, before.data);
    store.read(3, at, 1, after.data);
    baseline.add(levelDifferences(before, after, 256));
  }
  expect(result.best!.bitsPerDim).toBeLessThan(log[0].bitsPerDim - 1);
  expect(result.best!.bitsPerDim).toBeLessThan(baseline.bitsPerDim);
});
