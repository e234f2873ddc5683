import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { describeModel } from '../../src/model/presets.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { runSchema, type RunConfiguration } from '../../src/training/configuration.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { bf16Sets, fastest } from '../backend/implementations.js';
import { cifarRecords } from '../datasets/made-files.js';
import { findMpis, type Launched } from '../distributed/launched.js';
import { randomNumbers } from '../random.js';
import { model, pngClip } from '../commands/train/tiny-clips.js';
import { temporaryFolder } from '../video/made-clips.js';
import { chooseCases, isThorough } from '../extent.js';
import { trainedIn } from './trained.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);

const STEPS = chooseCases(8, 80);
const STOPS = chooseCases(2, 10);

beforeAll(async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) await pngClip(at('clips'), name, 4 + index);
  mkdirSync(at('colours'));
  writeFileSync(at('colours', 'train_30.bin'), cifarRecords(30));
});

type Data = 'clips' | 'images';

function configure(data: Data, precision: 'float32' | 'bf16', steps: number): RunConfiguration {
  const training = { steps, batch: 2, shards: 2, validations: 4, precision, validationExamples: 2 };
  if (data === 'clips')
    return runSchema.parse({ model: model.description, training, data: { type: 'clips', frames: [at('clips')] } });
  const images = { size: { width: 32, height: 32 }, channels: 3, levels: 256, hidden: 3, layers: 1 } as const;
  return runSchema.parse({
    model: describeModel('pixel-cnn', { ...images, head: 'softmax', context: 0 }),
    training,
    data: { type: 'images', set: 'cifar', folder: at('colours') },
  });
}

/** Trains until after the step `stop`, or to the end if null. */
async function trainUntil(run: string, configuration: RunConfiguration | null, stop: number | null): Promise<void> {
  const controller = new AbortController();
  const onStep = ({ step }: { step: number }) => step === stop && controller.abort(new Error('stopped'));
  const ended = trainModel(run, configuration, { signal: controller.signal, onStep });
  if (stop === null) expect((await ended).step).toBe(STEPS);
  else await expect(ended).rejects.toThrow('stopped');
}

/** Distinct random steps below the last, in ascending order. */
function randomSteps(count: number, seed: number): number[] {
  const random = randomNumbers(seed);
  const steps = new Set<number>();
  while (steps.size < count) steps.add(1 + Math.floor(random() * (STEPS - 1)));
  return [...steps].sort((a, b) => a - b);
}

const bf16 = bf16Sets.at(-1)?.instructionSet;
const arithmetics: [name: string, backend: string | null, precision: 'float32' | 'bf16', options: string[]][] = [
  ['native', fastest, 'float32', []],
  ['wasm', 'native-wasm', 'float32', ['--instruction-set', 'wasm']],
  bf16 === undefined
    ? ['bf16, which this machine lacks', null, 'bf16', []]
    : ['bf16', `native-${bf16}`, 'bf16', ['--instruction-set', bf16]],
];
const kinds: Data[] = ['clips', 'images'];

/** The first MPI of this machine; `npm test` leaves it to test/cli/ranks.test.ts. */
const mpis = isThorough ? findMpis(folder.path) : [];
const { title, launch } = mpis.find((mpi) => mpi.launch !== null) ??
  mpis[0] ?? { title: 'MPI, under npm run test:reliability', launch: null };

describe.each(arithmetics)('in %s', (name, backend, precision, options) => {
  const testHere = backend === null ? test.skip : test;

  testHere.each(kinds)(
    `a training on %s that is stopped ${STOPS} times has the bits of one that never was`,
    async (data) => {
      await tf.setBackend(backend!);
      const [whole, stopped] = ['whole', 'stopped'].map((one) => at(`${one}-${name}-${data}`));
      await trainUntil(whole, configure(data, precision, STEPS), null);
      const stops = randomSteps(STOPS, kinds.indexOf(data));
      for (const [index, stop] of stops.entries())
        await trainUntil(stopped, index === 0 ? configure(data, precision, STEPS) : null, stop);
      await trainUntil(stopped, null, null);
      expect(trainedIn(stopped)).toEqual(trainedIn(whole));
    },
  );

  const inProcesses = backend === null || launch === null ? test.skip : test;
  inProcesses.each(kinds)(
    `over ${title}, one on %s in two processes that is stopped ${STOPS} times has the bits of one process`,
    async (data) => {
      await tf.setBackend(backend!);
      const [whole, stopped] = ['whole', 'stopped'].map((one) => at(`${one}-in-two-${name}-${data}`));
      const steps = 4 * STEPS;
      const configuration = configure(data, precision, steps);
      const file = at(`${name}-${data}.json`);
      writeFileSync(file, JSON.stringify(configuration));
      const random = randomNumbers(kinds.indexOf(data));
      const computing = ['--threads', '1', '--quiet', ...options];
      await trainModel(whole, configuration);
      for (let stop = 0; stop <= STOPS; stop++) {
        const how = stop === 0 ? ['--config', file] : ['--resume'];
        const launched = launch!(2, ['train', ...how, '--out', stopped, ...computing], folder.path);
        if (stop < STOPS) {
          const target = Math.ceil((steps * (stop + random())) / (STOPS + 1));
          await untilStep(stopped, target, launched);
          process.kill(launched.processOf(0)!, 'SIGINT');
        }
        const { stderr } = await launched.ended;
        const step = new RunFolder(stopped).readLog().at(-1)!.step;
        if (stop < STOPS) expect({ isBefore: step < steps, stderr }).toMatchObject({ isBefore: true });
        else expect({ step, stderr }).toMatchObject({ step: steps });
      }
      expect(trainedIn(stopped)).toEqual(trainedIn(whole));
    },
  );
});

/** Resolves once a training has logged a step, or has ended. */
async function untilStep(run: string, step: number, { ended }: Launched): Promise<void> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  const logged = () => (existsSync(join(run, 'log.jsonl')) ? (new RunFolder(run).readLog().at(-1)?.step ?? 0) : 0);
  while (logged() < step && !isOver) await sleep(5);
}
