import * as tf from '@tensorflow/tfjs-core';
import { loadAddon } from '../../src/backend/addon.js';
import { imageInput } from '../../src/model/image-input.js';
import type { Network } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { runWholeImage } from '../../src/model/whole-image.js';
import { makeEngine } from '../../src/sampling/engine.js';
import { Noise } from '../../src/sampling/noise.js';
import { absentSets, kernelSets } from '../backend/implementations.js';
import { randomWeights } from '../model/tiny-networks.js';
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
    return Float32Array.from(runWholeImage(program, tensors, imageInput(description, image, null), map).dataSync());
  });
  tf.dispose(tensors);
  return outputs;
}

/** The same by the engine of the backend in use. */
async function stepwise(network: Network, weights: Float32Array[], known: Known): Promise<Float32Array> {
  const { size } = network.description;
  const outputs = new Float32Array(known.batch * size.width * size.height * network.program.out.features).fill(NaN);
  await makeEngine(network, weights).draw({
    map: known.map,
    anchors: null,
    levels: known.levels.slice(),
    noise: new Noise(1),
    streams: Array.from({ length: known.batch }, (_, sample) => ({ sample, frame: 0, scale: 0 })),
    settings: { temperature: 1, topP: 1 },
    outputs,
  });
  return outputs;
}

function expectSameBits(whole: Float32Array, step: Float32Array): void {
  const [a, b] = [whole, step].map((values) => new Int32Array(values.buffer));
  const differ = a.findIndex((bits, at) => bits !== b[at]);
  if (differ >= 0) throw new Error(`output ${differ}: whole image ${whole[differ]}, stepwise ${step[differ]}`);
  expect(b).toHaveLength(a.length);
}

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

test.skip.each(absentSets)('on %s (not on this machine)', () => {});
