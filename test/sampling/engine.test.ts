import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { libraryOf } from '../../src/backend/kernel-library.js';
import { PROGRAM_VERSION } from '../../src/backend/program-version.js';
import type { InstructionSet } from '../../src/backend/kernels/index.js';
import { disposeExamples } from '../../src/conditioning/context/examples.js';
import { frameBytes } from '../../src/foundation/levels.js';
import type { Channels } from '../../src/foundation/frame.js';
import { anchorCount, imageFeatures, type NetworkDescription } from '../../src/model/description.js';
import { buildNetwork, imageInput, type Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/model.js';
import { ProgramBuilder } from '../../src/model/program.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { encodeProgram, ImageEngine, type EngineArrays, type EngineOptions } from '../../src/sampling/engine.js';
import { ImageSampler } from '../../src/sampling/image-sampler.js';
import { kernelSets } from '../backend/implementations.js';
import {
  framedNetworks,
  randomExamples,
  randomWeights,
  softmax,
  tinyNetwork,
  tinyNetworks,
} from '../model/tiny-networks.js';
import { randomFloats, randomInts } from '../random.js';
import { randomProgram } from './random-programs.js';

const sets = kernelSets.map(({ instructionSet }) => instructionSet);

/** Puts a set's backend in use. */
const use = (instructionSet: InstructionSet) => tf.setBackend(`native-${instructionSet}`);

/** Runs something with each of these numbers of threads, and leaves as many as there were. */
async function withThreads(instructionSet: InstructionSet, counts: number[], run: (count: number) => Promise<void>) {
  const library = libraryOf(instructionSet);
  const threads = library.threads();
  try {
    for (const count of counts) {
      library.setThreads(count);
      await run(count);
    }
  } finally {
    library.setThreads(threads);
  }
}

/** A batch to draw, of a network that is given nothing where nothing else is said. */
const batchOf = (
  samples: number,
  levels: Int16Array,
  changes: Partial<EngineArrays> = {},
  options: Partial<EngineOptions> = {},
): [EngineArrays, EngineOptions] => [
  { scale: 0, map: null, anchors: null, references: null, levels, ...changes },
  { seed: 1, samples, frame: 0, settings: { temperature: 1 }, ...options },
];

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
  const nats = await new ImageEngine(network, weights).draw(...batchOf(batch, all, { map, outputs }));
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

describe.each(sets)('on %s', (instructionSet) => {
  beforeAll(() => use(instructionSet));

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'a random program, seed %d, has the same outputs, bit for bit, sub-pixel by sub-pixel as over the whole image',
    async (seed) => {
      const network = randomProgram(seed);
      const weights = randomWeights(network, seed);
      const batch = 1 + (seed % 5);
      const known = randomKnown(network, batch, seed);
      const whole = wholeImage(network, weights, known);
      await withThreads(instructionSet, [1, 2, 3, 4], async (count) => {
        try {
          expectSameBits(whole, await stepwise(network, weights, known));
        } catch (error) {
          throw new Error(`seed ${seed}, batch ${batch}, ${count} threads: ${String(error)}`, { cause: error });
        }
      });
    },
  );

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
      await withThreads(instructionSet, [1, 2, 3, 4], async () =>
        expectSameBits(whole, await stepwise(network, weights, known)),
      );
    },
  );
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

test('the comparison fails where one output has another last bit', async () => {
  await use('wasm');
  const network = randomProgram(1);
  const weights = randomWeights(network, 1);
  const outputs = wholeImage(network, weights, randomKnown(network, 1, 1));
  const other = outputs.slice();
  new Int32Array(other.buffer)[3] ^= 1;
  expect(() => expectSameBits(outputs, other)).toThrow(/^output 3: whole image /);
});

/** All that a sampler gives of some images, as text, since toEqual takes seconds over long arrays. */
async function allOf(network: Network, batch: number): Promise<Record<string, string>> {
  const { description, program, parameters } = network;
  const weights = randomWeights(network, 1);
  const tensors = toTensors(weights, parameters);
  const examples = randomExamples(description, batch, 5);
  const subPixels = batch * frameBytes(description);
  const outputs = new Float32Array((subPixels / description.channels) * program.out.features);
  const probabilities = new Float64Array(subPixels * description.levels);
  const { levels, nats } = await new ImageSampler(network, weights, tensors).draw(
    { scale: 0, conditioningInputs: () => examples.conditioningInputs, known: null, outputs, probabilities },
    { seed: 1, samples: batch, frame: 0, settings: { temperature: 1 } },
  );
  tf.dispose(tensors);
  disposeExamples(examples);
  const text = (array: ArrayBufferView) => Buffer.from(array.buffer as ArrayBuffer).toString('base64');
  return { levels: text(levels), nats: text(nats), outputs: text(outputs), probabilities: text(probabilities) };
}

(sets.includes('portable') ? describe : describe.skip)(
  'levels, nats, outputs and probabilities have the same bits on wasm as on portable, with 1, 2 and 3 threads:',
  () => {
    test.each([...tinyNetworks, ...framedNetworks])('%s', async (_, description) => {
      const network = buildNetwork(description);
      const drawn: Record<string, string>[] = [];
      for (const instructionSet of ['portable', 'wasm'] as const) {
        await use(instructionSet);
        await withThreads(instructionSet, [1, 2, 3], async () => void drawn.push(await allOf(network, 2)));
      }
      for (const other of drawn) expect(other).toEqual(drawn[0]);
    });
  },
);

describe.each(sets)('a drawing on %s', (instructionSet) => {
  const engineOf = (network: Network) => new ImageEngine(network, randomWeights(network, 1), instructionSet);
  const toDraw = (length: number) => new Int16Array(length).fill(-1);

  test('leaves the main thread free, and stops within rows of an abort', async () => {
    const network = buildNetwork(tinyNetwork({ size: { width: 64, height: 64 }, conditioning: [] }));
    // So many that a row takes long: the abort comes in time though the main thread be busy for a while.
    const images = 24;
    const levels = toDraw(images * 64 * 64 * 3);
    const controller = new AbortController();
    let shares = 0;
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    const onRow = () => ++shares === 2 && controller.abort(new Error('enough'));
    const { signal } = controller;
    await expect(engineOf(network).draw(...batchOf(images, levels, {}, { onRow, signal }))).rejects.toThrow('enough');
    clearInterval(ticking);
    expect(shares).toBe(2);
    expect(ticks).toBeGreaterThan(0);
    expect(levels.at(-1)).toBe(-1);
    // Where nothing may be done, nothing is begun.
    const first = toDraw(levels.length);
    await expect(engineOf(network).draw(...batchOf(images, first, {}, { signal }))).rejects.toThrow('enough');
    expect(first[0]).toBe(-1);
  });

  test('tells of each row, and ends with what is thrown there, once', async () => {
    const engine = engineOf(buildNetwork(tinyNetwork({ conditioning: [] })));
    const shares: number[] = [];
    await engine.draw(...batchOf(1, toDraw(5 * 7 * 3), {}, { onRow: (share) => shares.push(share) }));
    expect(shares).toEqual([1, 2, 3, 4, 5, 6, 7].map((row) => row / 7));
    const failure = new Error('no more');
    const onRow = (share: number) => {
      shares.push(share);
      throw failure;
    };
    await expect(engine.draw(...batchOf(1, toDraw(5 * 7 * 3), {}, { onRow }))).rejects.toBe(failure);
    expect(shares.slice(7)).toEqual([1 / 7]);
  });

  test('is the same beside others as alone', async () => {
    const engine = engineOf(buildNetwork(tinyNetwork({ conditioning: [] })));
    const drawnBy = async (seed: number) => {
      const levels = toDraw(2 * 5 * 7 * 3);
      const nats = await engine.draw(...batchOf(2, levels, {}, { seed }));
      return [...levels, ...nats];
    };
    const together = await Promise.all([1, 2, 3].map(drawnBy));
    for (const seed of [1, 2, 3]) expect(together[seed - 1]).toEqual(await drawnBy(seed));
  });

  const plain = tinyNetwork({ levels: 16 });
  const [, looking] = framedNetworks.find(([name]) => name.endsWith('looked for in two of them'))!;
  test.each<[string, NetworkDescription, Partial<EngineArrays>, RegExp]>([
    ['no map', plain, { map: null }, /map: expected 140 numbers, received none;/],
    ['a short map', plain, { map: new Float32Array(3) }, /map: expected 140 values .*, received 3;/],
    ['few levels', plain, { levels: toDraw(104) }, /levels: expected 105 values .*, received 104;/],
    ['many anchors', plain, { anchors: new Float32Array(106) }, /anchors: expected 105 values .*, received 106;/],
    ['few outputs', plain, { outputs: new Float32Array(1) }, /outputs: expected 630 values .*, received 1;/],
    ['few probabilities', plain, { probabilities: new Float64Array(105) }, /: expected 1680 values .*, received 105;/],
    ['no anchors', looking, { anchors: null, references: new Float32Array(120) }, /anchors: expected \d+ numbers/],
    [
      'few references',
      looking,
      { references: new Float32Array(60) },
      /references: expected 120 values .*, received 60;/,
    ],
  ])('refuses %s, before C++ sees it', async (_, description, changes, message) => {
    const network = buildNetwork(description);
    const { width, height } = description.size;
    const map = new Float32Array(width * height * network.program.map!.features);
    const anchors = new Float32Array(width * height * 3 * anchorCount(description));
    const [images, options] = batchOf(1, toDraw(width * height * 3), { map, anchors, ...changes });
    const draw = engineOf(network).draw(images, options);
    const refusal = {
      code: 'USAGE',
      parts: { operation: 'draw images' },
      message: expect.stringMatching(message) as string,
    };
    await expect(draw).rejects.toMatchObject(refusal);
    expect(images.levels.every((level) => level === -1)).toBe(true);
  });

  test('refuses weights that are not those of the network', () => {
    const network = buildNetwork(plain);
    const weights = randomWeights(network, 1);
    const parameter = network.program.parameters[0].name;
    for (const others of [[], weights.slice(1), weights.map((values) => values.slice(1))])
      expect(() => new ImageEngine(network, others, instructionSet)).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          parts: expect.objectContaining({ argument: parameter }) as object,
        }) as Error,
      );
  });
});

test('the version of programs is raised with their encoding', () => {
  const lstm = { type: 'diagonal-bilstm' as const, hidden: 3, initialState: 'learned' as const };
  const encoded = [tinyNetwork(), tinyNetwork({ layers: [lstm] })].map((network) => [
    ...encodeProgram(buildNetwork(network).program),
  ]);
  const hash = createHash('sha256').update(JSON.stringify(encoded)).digest('hex').slice(0, 16);
  const known: Record<number, string> = { 1: '69db1a26b3128318' };
  expect(hash).toBe(known[PROGRAM_VERSION]);
});
