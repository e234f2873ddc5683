import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseBackend, type BackendName } from '../src/backend/choose-backend.js';
import { disposeExamples } from '../src/conditioning/context/examples.js';
import { yieldToEventLoop } from '../src/foundation/yield-to-event-loop.js';
import { toTensors } from '../src/model/model.js';
import { optimisers } from '../src/optimization/optimisers.js';
import { computeGradients } from '../src/optimization/gradients.js';
import { applyUpdate, type TrainingState } from '../src/optimization/update.js';
import { hasTensorflow, hasWebgpu } from './backend/implementations.js';
import { pxv } from './cli/pxv.js';
import { jsonOf } from './cli/tiny-run.js';
import { randomExamples, randomModel, tinyNetwork, warpedFrames } from './model/tiny-networks.js';
import { ffmpeg, lossless, temporaryFolder } from './video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const data = join(import.meta.dirname, '../../shared/data');
const clip = join(import.meta.dirname, '../examples/asl_yes.mkv');
const TOLERANCE = 1e-4;

// Where the packages of a backend are not installed its tests are skipped, in sight.
const backends = [
  { backend: 'tensorflow', isHere: hasTensorflow },
  { backend: 'webgpu', isHere: hasWebgpu },
] as const;

describe.each(backends)('on $backend as on native', ({ backend: other, isHere }) => {
  const [check, checkEach] = isHere ? [test, test.each.bind(test)] : [test.skip, test.skip.each.bind(test.skip)];
  /** The mean nats of ten steps from the same weights, on the same examples. */
  async function losses(backend: BackendName, type: 'pixel-cnn-block' | 'row-lstm' | 'diagonal-bilstm') {
    await chooseBackend({ backend });
    const hidden = { hidden: 12 } as const;
    const layer =
      type === 'pixel-cnn-block' ? { type, ...hidden } : ({ type, ...hidden, initialState: 'zero' } as const);
    const description = tinyNetwork({
      size: { width: 12, height: 9 },
      layers: [layer, layer],
      conditioning: [warpedFrames],
    });
    const { chain, weights } = randomModel([description]);
    const start = toTensors(weights, chain.parameters);
    const zeros = () => start.map((weight) => tf.keep(tf.zerosLike(weight)));
    let state: TrainingState = { weights: start, optimiser: [zeros(), zeros()] };
    const nats: number[] = [];
    for (let step = 1; step <= 10; step++) {
      const examples = randomExamples(description, 2, step);
      const gradients = computeGradients(chain, state.weights, examples);
      const update = applyUpdate(optimisers.adam, { learningRate: 1e-3, step }, state, gradients);
      state = update.state;
      nats.push(update.nats);
      disposeExamples(examples);
      // As in a training. Dawn frees what an operation bound once the event loop has its turn.
      await yieldToEventLoop();
    }
    tf.dispose([...state.weights, ...state.optimiser.flat()]);
    return nats;
  }

  checkEach(['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm'] as const)(
    'ten training steps of a network of %s that is given frames',
    async (type) => {
      const expected = await losses('native', type);
      const found = await losses(other, type);
      found.forEach((nats, step) => expect(Math.abs(nats / expected[step] - 1)).toBeLessThan(TOLERANCE));
      expect(expected[9]).not.toBe(expected[0]);
    },
  );

  async function score(backend: BackendName, ...args: string[]): Promise<number> {
    const outcome = await pxv([...args, '--backend', backend, '--json']);
    expect(outcome).toMatchObject({ code: 0 });
    return (jsonOf(outcome) as { bitsPerDim: number }).bitsPerDim;
  }

  const images = ['binarized-mnist', 'binarized-mnist-1x32', 'binarized-mnist-row-lstm', 'binarized-mnist-pixel-cnn'];
  const colours = ['cifar', 'cifar-pixel-cnn', 'cifar-row-lstm', 'cifar-diagonal-bilstm'];
  const sets = [
    ...images.map((model) => ({ model, set: 'binarized-mnist', files: join(data, 'mnist') })),
    ...colours.map((model) => ({ model, set: 'cifar', files: join(data, 'cifar10') })),
  ];
  (existsSync(data) ? checkEach(sets) : test.skip.each(sets))(
    '$model scores 32 images',
    async ({ model, set, files }) => {
      const args = ['eval-images', set, '--model', model, '--data', files, '--limit', '32'];
      const native = await score('native', ...args);
      const found = await score(other, ...args);
      expect(Math.abs(found - native)).toBeLessThan(TOLERANCE);
    },
  );

  checkEach(['video-64', 'video-64'])('%s scores 16 frames of the example clip', async (model) => {
    const start = join(folder.path, 'start.mkv');
    ffmpeg(['-i', clip, '-frames:v', '16', ...lossless, start]);
    const args = ['eval-video', start, '--model', model, '--horizon', '0'];
    const native = await score('native', ...args);
    const found = await score(other, ...args);
    expect(Math.abs(found - native)).toBeLessThan(TOLERANCE);
  });

  check('a training on it is resumed on native, predicts and is checked on it', async () => {
    const run = join(folder.path, other);
    const small = ['--hidden', '6', '--layers', '1', '--size', '16x16', '--batch', '2'];
    const train = ['train', '--frames', clip, '--out', run, ...small];
    expect(await pxv([...train, '--steps', '3', '--backend', other])).toMatchObject({ code: 0 });
    expect(await pxv(['train', '--resume', '--out', run, '--steps', '5'])).toMatchObject({ code: 0 });
    for (const backend of [other, 'native']) {
      const out = join(folder.path, `${other}-${backend}.gif`);
      const args = ['predict', clip, '--model', run, '--next', '2', '--out', out, '--backend', backend];
      expect(await pxv(args)).toMatchObject({ code: 0 });
      expect(existsSync(out)).toBe(true);
    }
    expect(await pxv(['check', '--model', run, '--backend', other])).toMatchObject({ code: 0 });
  });

  check('an image is drawn as on native: the engine draws on the CPU', async () => {
    const args = ['sample', '--model', 'binarized-mnist-pixel-cnn', '--count', '1', '--seed', '3'];
    const both = ['native', other];
    const outs = both.map((backend) => join(folder.path, `${other}-${backend}.png`));
    for (const [place, backend] of both.entries()) {
      expect(await pxv([...args, '--out', outs[place], '--backend', backend])).toMatchObject({ code: 0 });
    }
    expect(readFileSync(outs[1])).toEqual(readFileSync(outs[0]));
  });
});

(hasWebgpu && process.platform === 'linux' ? test : test.skip)(
  'webgpu without an adapter is told in one line',
  async () => {
    const env = { VK_ICD_FILENAMES: '/nonexistent' };
    const args = ['sample', '--model', 'binarized-mnist-pixel-cnn', '--out', join(folder.path, 'none.png')];
    const { code, stderr } = await pxv([...args, '--backend', 'webgpu'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^pxv: choose backend: webgpu: expected an adapter, .*, received none; install a Vulkan driver of the GPU, .*$/m,
    );
    const { stdout } = await pxv(['doctor'], { env });
    expect(stdout).toMatch(/^warn +webgpu +no adapter; install a Vulkan driver of the GPU, /m);
  },
);
