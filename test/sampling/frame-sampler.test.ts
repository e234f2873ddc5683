import * as tf from '@tensorflow/tfjs-core';
import type { Model } from '../../src/model/checkpoint.js';
import { Context } from '../../src/model/context.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { ExampleBuffer, type Examples } from '../../src/model/examples.js';
import { buildNetwork } from '../../src/model/network.js';
import { toTensors } from '../../src/model/weights.js';
import { natsOfExamples } from '../../src/evaluation/scoring.js';
import type { DrawSettings } from '../../src/sampling/draw.js';
import { FrameSampler, type DrawnFrame } from '../../src/sampling/frame-sampler.js';
import { Noise } from '../../src/sampling/noise.js';
import { rollOut } from '../../src/sampling/roll-out.js';
import { kernelSets } from '../backend/implementations.js';
import { randomFrames, randomWeights, tinyNetwork, tinyNetworks } from '../model/tiny-networks.js';
import { drawNaively } from './naive-sampler.js';

const asItIs: DrawSettings = { temperature: 1, topP: 1 };

beforeEach(() => tf.setBackend('native-typescript'));

function modelOf(description: NetworkDescription, seed = 1): Model {
  const network = buildNetwork(description);
  return {
    name: 'tiny',
    description: { version: 1, network: description },
    network,
    weights: randomWeights(network, seed),
    step: 0,
  };
}

/** What is given for the frame after three random ones. */
function givenOf({ network }: Model): Examples {
  const context = new Context(network.description);
  const frames = randomFrames(network.description, 3, 5);
  for (let k = 0; k < 3; k++) context.push(frames.subarray((k * frames.length) / 3, ((k + 1) * frames.length) / 3));
  return context.example();
}

interface Which {
  seed?: number;
  sample?: number;
  frame?: number;
  settings?: DrawSettings;
}

async function draw(
  model: Model,
  { seed = 1, sample = 0, frame = 3, settings = asItIs }: Which = {},
): Promise<DrawnFrame> {
  const sampler = new FrameSampler(model);
  try {
    return await sampler.draw(givenOf(model), { noise: new Noise(seed), sample, frame, settings });
  } finally {
    sampler.dispose();
  }
}

describe('a drawn frame is the one that the definition draws, byte for byte:', () => {
  test.each(tinyNetworks)('%s', async (_, description) => {
    const model = modelOf({ ...description, size: { width: 3, height: 5 } });
    for (const seed of [1, 2]) {
      const which = { noise: new Noise(seed), sample: 1, frame: 7, settings: { temperature: 0.8, topP: 0.9 } };
      const naive = drawNaively(model, givenOf(model), which, 11);
      const drawn = await draw(model, { seed, ...which });
      expect(Buffer.from(drawn.bytes)).toEqual(Buffer.from(naive.bytes));
      expect(drawn.nats).toBe(naive.nats);
    }
  });
});

/** Nats of a frame by teacher forcing, given what was given when it was drawn. */
async function teacherForced(model: Model, bytes: Uint8Array): Promise<number> {
  const { description, parameters } = model.network;
  const weights = toTensors(model.weights, parameters);
  const known = description.conditioning === null ? 0 : description.conditioning.context;
  const frames = randomFrames(description, 3, 5);
  const buffer = new ExampleBuffer(description, 1);
  buffer.add(Buffer.concat([frames.subarray(((3 - known) * frames.length) / 3), bytes]), known + 1, false);
  const [nats] = await natsOfExamples(model.network, weights, buffer.tensors());
  tf.dispose(weights);
  return nats;
}

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  test.each(tinyNetworks)('the nats of a drawn frame are those of teacher forcing: %s', async (_, description) => {
    await tf.setBackend(`native-${instructionSet}`);
    const model = modelOf(description);
    const { bytes, nats } = await draw(model);
    const bitsPerDim = (value: number) => value / Math.LN2 / bytes.length;
    // A level's byte comes back as that level.
    expect(Math.abs(bitsPerDim(nats) - bitsPerDim(await teacherForced(model, bytes)))).toBeLessThan(1e-4);
    expect(nats).toBeGreaterThan(0);
  });
});

describe('what is drawn', () => {
  const model = modelOf(tinyNetwork());

  test('is the same for the same seed, sample and frame', async () => {
    expect(await draw(model)).toEqual(await draw(model));
  });

  test.each([{ seed: 2 }, { sample: 1 }, { frame: 4 }])('is another for %o', async (which) => {
    expect((await draw(model, which)).bytes).not.toEqual((await draw(model)).bytes);
  });

  test('depends neither on the frames drawn before nor on those drawn at the same time', async () => {
    const sampler = new FrameSampler(model);
    const of = (frame: number) =>
      sampler.draw(givenOf(model), { noise: new Noise(1), sample: 0, frame, settings: asItIs });
    await of(9);
    expect(await of(3)).toEqual(await draw(model));
    sampler.dispose();
  });

  test('is at temperature 0 the same for every seed', async () => {
    const settings = { temperature: 0, topP: 1 };
    const [one, two] = [await draw(model, { seed: 1, settings }), await draw(model, { seed: 2, settings })];
    expect(one).toEqual(two);
    expect(one.bytes).not.toEqual((await draw(model)).bytes);
  });

  test('is likelier the lower the temperature', async () => {
    const at = async (temperature: number) => (await draw(model, { settings: { temperature, topP: 1 } })).nats;
    const [cold, warm, hot] = [await at(0.25), await at(1), await at(4)];
    expect(cold).toBeLessThan(warm);
    expect(warm).toBeLessThan(hot);
  });
});

describe('a roll-out', () => {
  const model = modelOf(tinyNetwork({ size: { width: 3, height: 4 } }));
  const context = () => {
    const known = new Context(model.network.description);
    known.push(randomFrames(model.network.description, 1, 5));
    return known;
  };

  test('gives each predicted frame to the next, and leaves the context as it was', async () => {
    const sampler = new FrameSampler(model);
    const known = context();
    const future = rollOut(sampler, model, known, { seed: 4, sample: 2, first: 1, settings: asItIs });
    const frames = [await future.next(), await future.next()].map(({ value }) => value);
    const noise = new Noise(4);
    const again = context();
    for (const [step, frame] of frames.entries()) {
      expect(frame).toEqual(
        await sampler.draw(again.example(), { noise, sample: 2, frame: 1 + step, settings: asItIs }),
      );
      again.push(frame.bytes);
    }
    const fresh = rollOut(sampler, model, known, { seed: 4, sample: 2, first: 1, settings: asItIs });
    expect((await fresh.next()).value).toEqual(frames[0]);
    sampler.dispose();
  });
});

describe('an aborted draw', () => {
  test.each(tinyNetworks)('stops within a row and leaves no tensor: %s', async (_, description) => {
    const model = modelOf(description);
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const sampler = new FrameSampler(model);
    let rows = 0;
    const drawing = sampler.draw(givenOf(model), {
      noise: new Noise(1),
      sample: 0,
      frame: 3,
      settings: asItIs,
      signal: controller.signal,
      onRow(done) {
        rows = done;
        if (done === 2) controller.abort(new Error('stopped'));
      },
    });
    await expect(drawing).rejects.toThrow('stopped');
    expect(rows).toBe(2);
    sampler.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a finished draw leaves no tensor', async () => {
  const model = modelOf(tinyNetwork());
  const before = tf.memory().numTensors;
  await draw(model);
  expect(tf.memory().numTensors).toBe(before);
});
