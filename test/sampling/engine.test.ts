import * as tf from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/addon.js';
import type { InstructionSet } from '../../src/backend/kernels.js';
import { imageFeatures, imageInput } from '../../src/model/image-input.js';
import type { Channels } from '../../src/frame.js';
import { buildNetwork, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { ProgramBuilder } from '../../src/model/program.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { makeEngine } from '../../src/sampling/make-engine.js';
import { Noise } from '../../src/sampling/noise.js';
import { absentSets, kernelSets } from '../backend/implementations.js';
import { randomWeights, softmax, tinyNetwork } from '../model/tiny-networks.js';
import { randomFloats, randomInts } from '../random.js';
import { randomProgram } from './random-programs.js';

interface Known {
  levels: Int16Array;
  map: Float32Array | null;
  batch: number;
}

function randomKnown({ description, program }: Network, batch: number, seed: number): Known {
  const { size, channels, levels } = description;
  const pixels = batch * size.width * size.height;
  return {
    levels: Int16Array.from(randomInts(pixels * channels, levels, seed)),
    map: program.map === null ? null : randomFloats(pixels * program.map.features, seed + 1),
    batch,
  };
}

/** What the head reads of every sub-pixel, each from the ones before, by the executor over whole images. */
function wholeImage(
  { description, program, parameters }: Network,
  weights: Float32Array[],
  known: Known,
): Float32Array {
  const { height, width } = description.size;
  const tensors = toTensors(weights, parameters);
  const outputs = tf.tidy(() => {
    const image = tf.tensor4d(Float32Array.from(known.levels), [known.batch, height, width, description.channels]);
    const map = known.map === null ? null : tf.tensor4d(known.map, [known.batch, height, width, program.map!.features]);
    return Float32Array.from(runWholeImage(program, tensors, imageInput(description, image, []), map).dataSync());
  });
  tf.dispose(tensors);
  return outputs;
}

/** Draws what is not known, and tells what was drawn; with the outputs of all sub-pixels or without. */
async function drawn(network: Network, weights: Float32Array[], { levels, map, batch }: Known, outputs?: Float32Array) {
  const all = levels.slice();
  const nats = await makeEngine(network, weights).draw({
    map,
    anchors: null,
    references: null,
    levels: all,
    noise: new Noise(1),
    streams: Array.from({ length: batch }, (_, sample) => ({ sample, frame: 0, scale: 0 })),
    settings: { temperature: 1, topP: 1 },
    ...(outputs && { outputs }),
  });
  return { levels: [...all], nats: [...nats] };
}

/** What the head reads, by the engine of the backend in use. */
async function stepwise(network: Network, weights: Float32Array[], known: Known): Promise<Float32Array> {
  const { size } = network.description;
  const outputs = new Float32Array(known.batch * size.width * size.height * network.program.out.features).fill(NaN);
  await drawn(network, weights, known, outputs);
  return outputs;
}

function expectSameBits(whole: Float32Array, step: Float32Array): void {
  const [a, b] = [whole, step].map((values) => new Int32Array(values.buffer));
  const differ = a.findIndex((bits, at) => bits !== b[at]);
  if (differ >= 0) throw new Error(`output ${differ}: whole image ${whole[differ]}, stepwise ${step[differ]}`);
  expect(b).toHaveLength(a.length);
}

/** Those of the addon; without it their tests are skipped, in sight. */
const nativeSets = kernelSets.map(({ instructionSet }) => instructionSet).filter((set) => set !== 'typescript');
const describeEach =
  nativeSets.length > 0 ? describe.each(nativeSets) : describe.skip.each(['the sets of the addon' as InstructionSet]);

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  beforeAll(() => tf.setBackend(`native-${instructionSet}`));

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'a random program, seed %d, has the same outputs, bit for bit, sub-pixel by sub-pixel as over the whole image',
    async (seed) => {
      const network = randomProgram(seed);
      const weights = randomWeights(network, seed);
      const batch = 1 + (seed % 5);
      const known = randomKnown(network, batch, seed);
      const whole = wholeImage(network, weights, known);
      const threads = instructionSet === 'typescript' ? [1] : [1, 2, 3, 4];
      for (const count of threads) {
        if (instructionSet !== 'typescript') loadAddon().setThreads(count);
        try {
          expectSameBits(whole, await stepwise(network, weights, known));
        } catch (error) {
          throw new Error(`seed ${seed}, batch ${batch}, ${count} threads: ${String(error)}`, { cause: error });
        }
      }
    },
  );
});

describeEach('on %s', (instructionSet) => {
  beforeAll(() => tf.setBackend(`native-${instructionSet}`));

  // In the last three, walks are read by nothing but the head's own ops.
  const seeds = [...Array.from({ length: 40 }, (_, seed) => seed), 135, 199, 229];
  test.each<[string, Network, number]>([
    ...seeds.map((seed): [string, Network, number] => [`a random program, seed ${seed}`, randomProgram(seed), seed]),
    ['a program that adds what is one row above', addsRowAbove(), 1],
  ])('%s draws the same beside known pixels whether their outputs are wanted or left out', async (_, network, seed) => {
    const { channels } = network.description;
    const weights = randomWeights(network, seed);
    const known = randomKnown(network, 1 + (seed % 3), seed);
    // Some pixels are known in all images, some in some of them, and of some pixels some colours.
    const pixels = known.levels.length / channels / known.batch;
    const open = randomFloats(pixels, seed + 2);
    const dice = randomFloats(known.levels.length, seed + 3);
    known.levels.forEach((_, at) => {
      if (open[Math.floor(at / channels) % pixels] > 0 && dice[at] > -0.5) known.levels[at] = -1;
    });
    const outputs = new Float32Array(known.batch * pixels * network.program.out.features);
    expect(await drawn(network, weights, known)).toEqual(await drawn(network, weights, known, outputs));
  });
});

/** What one of its ops makes is read at its own pixel and one row below, and by nothing else but the head. */
function addsRowAbove(): Network {
  const description = tinyNetwork({ channels: 1, levels: 16, head: softmax, conditioning: [] });
  const builder = new ProgramBuilder(description.size, 1, imageFeatures(description), 0);
  const first = builder.conv(builder.image, { name: 'first', kernel: 3, features: 8 });
  const x = builder.conv(first, { name: 'x', kernel: 1, features: 8, relu: true });
  const program = builder.finish(builder.conv(builder.add(x, x, 1), { name: 'head', kernel: 1, features: 16 }));
  return { description, program, parameters: program.parameters, conditioningParameters: 0 };
}

/** Wide enough for the threads to share the panels of one op, at few images. */
function wideNetwork(channels: Channels): Network {
  return buildNetwork(
    tinyNetwork({
      channels,
      size: { width: 3, height: 4 },
      levels: 16,
      head: softmax,
      conditioning: [],
      first: { kernel: 3, features: 256 },
      layers: [
        { type: 'pixel-cnn-block', hidden: 128 },
        { type: 'diagonal-bilstm', hidden: 112, initialState: 'learned' },
        { type: 'row-lstm', hidden: 96, initialState: 'learned' },
      ],
      output: [200],
    }),
  );
}

describeEach('on %s', (instructionSet) => {
  beforeAll(() => tf.setBackend(`native-${instructionSet}`));

  test.each([
    { channels: 1, batch: 1 },
    { channels: 3, batch: 1 },
    { channels: 3, batch: 3 },
  ] as const)(
    'a wide network of $channels channels, batch $batch, has the same bits at one to four threads',
    async ({ channels, batch }) => {
      const network = wideNetwork(channels);
      const weights = randomWeights(network, 3);
      const known = randomKnown(network, batch, 4);
      const whole = wholeImage(network, weights, known);
      for (const threads of [1, 2, 3, 4]) {
        loadAddon().setThreads(threads);
        expectSameBits(whole, await stepwise(network, weights, known));
      }
    },
  );
});

test.skip.each(absentSets)('on %s (not on this machine)', () => {});

test('the comparison fails where one output has another last bit', async () => {
  await tf.setBackend('native-typescript');
  const network = randomProgram(1);
  const weights = randomWeights(network, 1);
  const outputs = wholeImage(network, weights, randomKnown(network, 1, 1));
  const other = outputs.slice();
  new Int32Array(other.buffer)[3] ^= 1;
  expect(() => expectSameBits(outputs, other)).toThrow(/^output 3: whole image /);
});

describeEach('a drawing on %s', (instructionSet) => {
  test('leaves the main thread free, and stops within rows of an abort', async () => {
    await tf.setBackend(`native-${instructionSet}`);
    const network = buildNetwork(tinyNetwork({ size: { width: 64, height: 64 }, conditioning: [] }));
    // So many that a row takes long: the abort comes in time though the main thread be busy for a while.
    const images = 24;
    const levels = new Int16Array(images * 64 * 64 * 3).fill(-1);
    const controller = new AbortController();
    let [shares, ticks] = [0, 0];
    const ticking = setInterval(() => ticks++, 1);
    const drawing = makeEngine(network, randomWeights(network, 1)).draw({
      map: null,
      anchors: null,
      references: null,
      levels,
      noise: new Noise(1),
      streams: Array.from({ length: images }, (_, sample) => ({ sample, frame: 0, scale: 0 })),
      settings: { temperature: 1, topP: 1 },
      onProgress: () => ++shares === 2 && controller.abort(new Error('enough')),
      signal: controller.signal,
    });
    await expect(drawing).rejects.toThrow('enough');
    clearInterval(ticking);
    expect(shares).toBe(2);
    expect(ticks).toBeGreaterThan(0);
    expect(levels.at(-1)).toBe(-1);
  });

  test('refuses arrays that do not fit, before C++ sees them', async () => {
    await tf.setBackend(`native-${instructionSet}`);
    const network = buildNetwork(tinyNetwork());
    const engine = makeEngine(network, randomWeights(network, 1));
    const draw = engine.draw({
      map: new Float32Array(3),
      anchors: null,
      references: null,
      levels: new Int16Array(5 * 7 * 3),
      noise: new Noise(1),
      streams: [{ sample: 0, frame: 0, scale: 0 }],
      settings: { temperature: 1, topP: 1 },
    });
    await expect(draw).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/draw images: map: expected \d+ numbers, received 3/) as string,
    });
    expect(() => makeEngine(network, randomWeights(network, 1).slice(1))).toThrow(/expected \d+ numbers/);
  });
});
