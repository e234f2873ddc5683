import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { valuesToBytes, valueTypes } from '../../src/video/array-values.js';
import { countHeadOutputs, getHead } from '../../src/model/heads/index.js';
import { loadModel } from '../../src/model/checkpoint.js';
import type { TrainingState } from '../../src/optimization/update.js';
import { createInitialCheckpoint } from '../../src/training/training-checkpoint.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { train } from '../../src/training/training-loop.js';
import { fastest, kernelSets } from '../backend/implementations.js';
import { distribution } from '../model/reference-heads.js';
import { mixture, mixtureTogether, sigmoid, softmax, warpedFrames } from '../model/tiny-networks.js';
import { randomNumbers } from '../random.js';
import { squaresToTrainOn, tinyRun } from '../training/moving-square.js';
import { temporaryFolder } from '../video/made-clips.js';
import { chooseCases, isThorough } from '../extent.js';
import { printFigure } from './figures.js';
import { exactNats, exactProbabilities, toNumber, type LikelihoodHead } from './exact-heads.js';

const folder = temporaryFolder();
afterAll(folder.remove);
beforeAll(() => tf.setBackend(fastest));

let runs = 0;
function newRun(): RunFolder {
  const run = new RunFolder(join(folder.path, `run-${runs++}`));
  run.create();
  return run;
}

const nonFinite = isThorough ? [NaN, Infinity, -Infinity] : [NaN];

describe('a value that is not finite', () => {
  const configuration = tinyRun({ steps: 3, validations: 3 }, { conditioning: [warpedFrames] });

  /** Trains on from a state that `change` has changed, and returns the error. */
  async function trainPoisoned(run: RunFolder, change: (state: TrainingState) => void): Promise<Error | null> {
    const { chain, checkpoint: initial } = createInitialCheckpoint(configuration, loadModel);
    // The first step of a stage begins with a new optimiser.
    const checkpoint = { ...initial, step: 1 };
    run.saveTraining(chain, checkpoint);
    change(checkpoint.state);
    const { data } = squaresToTrainOn(chain, configuration.training);
    return train(chain, checkpoint, data, run).then(
      () => null,
      (error: Error) => error,
    );
  }

  test('in any array of weights, or of the optimiser, ends a training in one line before it is saved', async () => {
    const { chain, checkpoint } = createInitialCheckpoint(configuration, loadModel);
    tf.dispose(checkpoint.state);
    const arrays = chain.parameters.flatMap((_, index) => [-1, 0, 1].map((state) => ({ index, state })));
    const random = randomNumbers(1);
    const chosen = isThorough ? arrays : arrays.filter((_, at) => at % 25 === 0);
    let cases = 0;
    for (const { index, state: of } of chosen)
      for (const value of nonFinite) {
        const run = newRun();
        const { mask } = chain.parameters[index];
        const error = await trainPoisoned(run, ({ weights, optimiser }) => {
          const tensors = of < 0 ? weights : optimiser[of];
          const values = tensors[index].dataSync<'float32'>().slice();
          const cells = [...values.keys()].filter((at) => mask === undefined || mask()[at] !== 0);
          values[cells[Math.floor(random() * cells.length)]] = value;
          const { shape } = tensors[index];
          tensors[index].dispose();
          tensors[index] = tf.keep(tf.tensor(values, shape));
        });
        const { name } = chain.parameters[index];
        expect({ name, of, value, code: (error as { code?: string } | null)?.code }).toMatchObject({
          code: 'DIVERGED',
        });
        expect(error!.message).toMatch(/^train: step \d: expected .* finite .*, received [^\n]*; lower the learning/);
        tf.dispose(run.load().checkpoint.state);
        if (existsSync(join(run.path, 'model.safetensors'))) loadModel(run.path);
        cases++;
      }
    printFigure(`${cases} trainings with a value that is not finite: ${cases} named it`);
  });

  test('in an array of floats is refused with the value', () => {
    for (const [name, type] of valueTypes) {
      if (type.bytes === 1) continue;
      for (const value of [NaN, Infinity, -Infinity]) {
        const bytes = new DataView(new ArrayBuffer(3 * type.bytes));
        const isLittle = name.startsWith('<');
        if (type.bytes === 8) bytes.setFloat64(8, value, isLittle);
        else if (type.bytes === 4) bytes.setFloat32(4, value, isLittle);
        else bytes.setUint16(2, Number.isNaN(value) ? 0x7e00 : value > 0 ? 0x7c00 : 0xfc00, isLittle);
        expect(() => valuesToBytes(type, new Uint8Array(bytes.buffer))).toThrow(String(value));
      }
    }
  });
});

describe('a learning rate that is too high', () => {
  const seeds = chooseCases(1, 10);
  const networks = {
    'previous frames': {},
    'warped frames': { conditioning: [warpedFrames] },
    softmax: { head: { type: 'softmax' as const } },
  };
  // The default from random weights is 0.002.
  const rates = [100, 10_000, 1e9].map((times) => ({ times, rate: 0.002 * times }));
  const cases = Object.keys(networks).flatMap((name) =>
    rates.map((one) => ({ name: name as keyof typeof networks, ...one })),
  );

  test.each(cases)(
    'by $times, with $name, leaves the best model and a state that loads',
    async ({ name, times, rate }) => {
      const outcomes = { finished: 0, stopped: 0 };
      for (let seed = 1; seed <= seeds; seed++) {
        const run = newRun();
        const steps = chooseCases(20, 100);
        const stages = [{ rate }];
        const configuration = tinyRun({ seed: String(seed), steps, validations: 10, stages }, networks[name]);
        const { chain, checkpoint } = createInitialCheckpoint(configuration, loadModel);
        const { data } = squaresToTrainOn(chain, configuration.training);
        const ended = await train(chain, checkpoint, data, run).catch((error: Error) => error);
        if (ended instanceof Error) {
          expect(ended.message).toMatch(/^train: step \d+: [^\n]*; lower the learning rate[^\n]*$/);
          outcomes.stopped++;
        } else outcomes.finished++;
        const validations = run
          .readLog()
          .flatMap(({ step, validation }) => (validation === undefined ? [] : [{ step, validation }]));
        expect(validations.every(({ validation }) => Number.isFinite(validation))).toBe(true);
        if (validations.length === 0) continue;
        const best = validations.reduce((a, b) => (b.validation < a.validation ? b : a));
        expect(loadModel(run.path).step).toBe(best.step);
        const resumed = run.load();
        expect(resumed.checkpoint.best).toEqual({ step: best.step, bitsPerDim: best.validation });
        tf.dispose(resumed.checkpoint.state);
        expect(readFileSync(join(run.path, 'log.jsonl'), 'utf8')).not.toMatch(/null|NaN/);
      }
      printFigure(`rate x ${times}, ${name}: ${outcomes.finished} finished, ${outcomes.stopped} stopped in one line`);
    },
  );
});

describe('heads at the extremes, against 1400 bits', () => {
  interface HeadCase {
    outputs: Float32Array;
    anchors: number[];
    earlier: number[];
  }
  const kinds: { title: string; head: LikelihoodHead; levels: number; channels: 1 | 3 }[] = [
    ...[2, 256].map((levels) => ({ title: `a softmax of ${levels}`, head: softmax, levels, channels: 1 as const })),
    { title: 'a sigmoid', head: sigmoid, levels: 2, channels: 1 },
    ...[2, 256].map((levels) => ({ title: `a mixture of ${levels}`, head: mixture, levels, channels: 1 as const })),
    { title: 'a mixture of colours together', head: mixtureTogether, levels: 256, channels: 3 },
  ];
  const count = chooseCases(2, 200);

  /** Outputs whose sizes are spread evenly over powers of ten, from a thousandth to a thousand. */
  function casesOf({ head, levels, channels }: (typeof kinds)[number]): HeadCase[] {
    const random = randomNumbers(levels);
    const length = countHeadOutputs(head, levels, channels).reduce((sum, own) => sum + own, 0);
    return Array.from({ length: count }, (_, at) => ({
      outputs: Float32Array.from({ length }, () => (random() < 0.5 ? -1 : 1) * 10 ** (6 * random() - 3)),
      anchors: Array.from({ length: channels }, () => random() * (levels - 1)),
      earlier: Array.from({ length: channels === 1 ? 0 : at % 3 }, () => Math.floor(random() * levels)),
    }));
  }

  test.each(kinds)('$title: float64 and float32 nats are near, finite and never below 0', (kind) => {
    const { head, levels, channels } = kind;
    const largest = { float64: 0, float32: 0, nats: 0 };
    let skipped = 0;
    for (const given of casesOf(kind)) {
      const { outputs, anchors, earlier } = given;
      const probabilities = exactProbabilities(head, levels, outputs, anchors, earlier);
      if (probabilities === null) {
        skipped++;
        continue;
      }
      const into = new Float64Array(levels);
      const known = Array.from({ length: channels }, (_, channel) => earlier[channel] ?? NaN);
      const pixel = { outputs, outputsAt: 0, levels: known, levelsAt: 0, anchors, anchorsAt: 0, anchorCount: 1 };
      distribution(head, levels, pixel, earlier.length, { temperature: 1 }, into);
      expect(into.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
      for (const [level, probability] of probabilities.entries()) {
        const expected = toNumber(probability);
        expect(into[level]).toBeGreaterThanOrEqual(0);
        if (expected > 1e-290) largest.float64 = Math.max(largest.float64, Math.abs(into[level] / expected - 1));
      }
      const pixels = probabilities.map((_, level) => [...earlier, level, 0, 0].slice(0, channels));
      for (const { instructionSet } of kernelSets) {
        const received = natsOn(`native-${instructionSet}`, kind, given, pixels);
        for (const [level, nats] of received.entries()) {
          expect(Number.isFinite(nats) && nats >= -1e-6).toBe(true);
          const expected = exactNats(probabilities[level]);
          if (expected > 900) continue;
          largest.nats = Math.max(largest.nats, expected);
          largest.float32 = Math.max(largest.float32, Math.abs(nats - expected) / Math.max(1, expected));
        }
      }
    }
    printFigure(`${kind.title}: ${count - skipped} cases, largest errors ${JSON.stringify(largest)}`);
    expect(largest.float64).toBeLessThan(1e-9);
    expect(largest.float32).toBeLessThan(1e-3);
  });

  function natsOn(
    backend: string,
    { head, levels }: (typeof kinds)[number],
    { outputs, anchors, earlier }: HeadCase,
    pixels: number[][],
  ): number[] {
    void tf.setBackend(backend);
    return tf.tidy(() => {
      const rows = tf.tensor2d(pixels.map(() => [...outputs]));
      const targets = tf.tensor2d(pixels, undefined, 'int32');
      const nats = getHead(head).nats(head, levels, rows, targets, tf.tensor2d(pixels.map(() => anchors)));
      return nats.arraySync().map((pixel) => pixel[earlier.length]);
    });
  }
});
