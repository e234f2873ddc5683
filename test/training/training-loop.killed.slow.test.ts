import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { loadModel } from '../../src/model/checkpoint.js';
import { createInitialCheckpoint } from '../../src/training/training-checkpoint.js';
import type { RunConfiguration } from '../../src/training/configuration.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { train } from '../../src/training/training-loop.js';
import { kernelSets } from '../backend/implementations.js';
import { temporaryFolder } from '../video/made-clips.js';
import { squaresToTrainOn, tinyRun } from './moving-square.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

let runs = 0;
function newRun<Run extends RunFolder>(kind: new (path: string) => Run): Run {
  const run = new kind(join(folder.path, `run-${runs++}`));
  run.create();
  return run;
}

function copyOf({ path }: RunFolder): RunFolder {
  const copy = newRun(RunFolder);
  cpSync(path, copy.path, { recursive: true });
  return copy;
}

/** A run folder that keeps, after each write, what a process would leave that is killed before the next. */
class WatchedRun extends RunFolder {
  readonly left: RunFolder[] = [];

  override saveModel(...given: Parameters<RunFolder['saveModel']>): void {
    super.saveModel(...given);
    this.keep();
  }

  override saveTraining(...given: Parameters<RunFolder['saveTraining']>): void {
    super.saveTraining(...given);
    this.keep();
  }

  override appendLog(...given: Parameters<RunFolder['appendLog']>): void {
    super.appendLog(...given);
    this.keep();
  }

  private keep(): void {
    this.left.push(copyOf(this));
  }
}

/** Course of the validation losses: falling; rising, so that the first is the best; or no validation at all. */
type Course = 'falling' | 'rising' | 'none';

/** Trains on four clips, the last of which validates; without a configuration it goes on. */
async function trainRun(run: RunFolder, course: Course, configuration: RunConfiguration | null, signal?: AbortSignal) {
  const { chain, checkpoint } = configuration === null ? run.load() : createInitialCheckpoint(configuration, loadModel);
  if (configuration === null) {
    run.finishSave(chain, checkpoint);
    run.cutLog(checkpoint.step);
  } else {
    run.saveTraining(chain, checkpoint);
  }
  const { data } = squaresToTrainOn(chain, checkpoint.configuration.training);
  const sign = course === 'falling' ? 1 : -1;
  const validate = async (weights: readonly tf.Tensor[]) => sign * (await data.validate!(weights));
  const validated = { ...data, validate: course === 'none' ? null : validate };
  return train(chain, checkpoint, validated, run, signal && { signal });
}

const bytesOf = (run: RunFolder, name: string) => readFileSync(join(run.path, name));

/** The steps of the state, of the best validation that it knows, and of the model; null where there is none. */
function stepsOf(run: RunFolder): { state: number; best: number | null; model: number | null } {
  const { checkpoint } = run.load();
  tf.dispose(checkpoint.state);
  const hasModel = existsSync(join(run.path, 'model.safetensors'));
  return {
    state: checkpoint.step,
    best: checkpoint.best?.step ?? null,
    model: hasModel ? loadModel(run.path).step : null,
  };
}

describe.each<{ course: Course; saves: string; secondsOfCall: number }>([
  { course: 'falling', saves: 'after each step', secondsOfCall: 25 },
  { course: 'rising', saves: 'only when it must', secondsOfCall: 0 },
  { course: 'none', saves: 'after each step', secondsOfCall: 25 },
])(
  'a training whose validations are $course, that saves $saves, and is killed between any two writes',
  ({ course, secondsOfCall }) => {
    const whole = newRun(WatchedRun);
    beforeAll(async () => {
      let now = 0;
      const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 1000 * secondsOfCall));
      await trainRun(whole, course, tinyRun({ steps: 6, validations: 3 }));
      clock.mockRestore();
    });

    test('leaves no model that is newer than the state, but a state that is newer than the model', () => {
      const left = whole.left.map(stepsOf);
      for (const { state, model } of left) expect(model ?? 0).toBeLessThanOrEqual(state);
      expect(left.filter(({ state, best, model }) => (best ?? state) !== model).length).toBeGreaterThan(0);
    });

    test('has the best model that the state knows once it goes on', async () => {
      for (const run of whole.left.map(copyOf)) {
        await trainRun(run, course, null, AbortSignal.abort()).catch(() => {});
        const { state, best, model } = stepsOf(run);
        expect(model).toBe(best ?? state);
      }
    });

    test('ends with the very files of one that never was', async () => {
      for (const run of whole.left) {
        const { best } = await trainRun(run, course, null);
        expect(best?.step ?? null).toBe({ falling: 6, rising: 2, none: null }[course]);
        for (const name of ['training.safetensors', 'model.safetensors'])
          expect(bytesOf(run, name).equals(bytesOf(whole, name))).toBe(true);
      }
    });
  },
);
