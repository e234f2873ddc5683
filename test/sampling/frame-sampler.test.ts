import * as tf from '@tensorflow/tfjs-core';
import { downsampleExamples, selectScaleParameters } from '../../src/model/chain.js';
import { toTensors, type Model } from '../../src/model/model.js';
import {
  disposeExamples,
  ExampleBuffer,
  FrameHistory,
  type Examples,
} from '../../src/conditioning/context/examples.js';
import { expectsFrame, type NetworkDescription } from '../../src/model/description.js';
import { levelsToBytes } from '../../src/foundation/levels.js';
import { resizeDescription } from '../../src/model/resize-description.js';
import { samplingSettings, type FrameSettings } from '../../src/model/sampling-settings.js';
import { FrameSampler, type DrawnLevels } from '../../src/sampling/frame-sampler.js';
import { ImageSampler, type DrawnImages } from '../../src/sampling/image-sampler.js';
import { rollOut } from '../../src/sampling/forecaster.js';
import { kernelSets } from '../backend/implementations.js';
import { natsOfExamples } from '../model/nats-of-examples.js';
import {
  mixtureTogether,
  otherSizes,
  randomFrames,
  randomModel,
  sizeName,
  softmax,
  tinyNetwork,
  likelihoodModels,
  tinyModels,
  warpedFrames,
} from '../model/tiny-networks.js';

const asItIs: FrameSettings = { temperature: 1 };

beforeEach(() => tf.setBackend('native-wasm'));

/** The chains, and one network of each kind, at sizes that they were not described with. */
const resizedModels = likelihoodModels
  .filter(([name, scales]) => scales.length > 1 || /(lstm|move)$/.test(name))
  .flatMap(([name, scales]) =>
    otherSizes.map((size): [string, NetworkDescription[]] => [
      `${name}, at ${sizeName(size)}`,
      resizeDescription({ version: 1, scales }, size).scales,
    ]),
  );

/** What is given for the frame after three random ones, once for each seed. */
function givenOf(model: Model, seeds = [5]): Examples {
  return FrameHistory.examples(seeds.map((seed) => historyOf(model, seed)));
}

function historyOf({ chain }: Model, seed: number): FrameHistory {
  const history = new FrameHistory(chain.exampleShape);
  const frames = randomFrames(chain.exampleShape, 3, seed);
  for (let k = 0; k < 3; k++) history.push(frames.subarray((k * frames.length) / 3, ((k + 1) * frames.length) / 3));
  return history;
}

interface Which {
  seed?: number;
  sample?: number;
  frame?: number;
  settings?: FrameSettings;
}

async function draw(
  model: Model,
  { seed = 1, sample = 0, frame = 3, settings = asItIs }: Which = {},
): Promise<DrawnLevels> {
  const sampler = new FrameSampler(model);
  try {
    const [drawn] = await sampler.draw(givenOf(model), { seed, samples: [sample], frame, settings });
    return drawn;
  } finally {
    sampler.dispose();
  }
}

describe('each scale of a drawn frame is drawn from the coarser one, whose pixels it keeps:', () => {
  test.each(tinyModels.filter(([, scales]) => scales.length > 1))('%s', async (_, scales) => {
    const model = randomModel(scales);
    const { levels, nats } = await draw(model, { seed: 3, sample: 1, frame: 7 });
    const drawn: DrawnImages[] = [];
    for (const [scale, { size, channels }] of scales.entries()) {
      const coarse = drawn.at(-1)?.levels ?? null;
      const known = Int16Array.from({ length: size.height * size.width * channels }, (_, at) => {
        const [row, column] = [Math.floor(at / channels / size.width), Math.floor(at / channels) % size.width];
        const inCoarse = (row / 2) * Math.ceil(size.width / 2) + column / 2;
        return coarse !== null && Number.isInteger(inCoarse) && row % 2 === 0
          ? coarse[inCoarse * channels + (at % channels)]
          : -1;
      });
      drawn.push(await drawScale(model, scale, coarse && known, coarse));
    }
    expect([...levels]).toEqual([...drawn.at(-1)!.levels]);
    expect(nats).toBe(drawn.reduce((sum, one) => sum + one.nats[0], 0));
  });
});

/** Draws one scale of the frame that `draw` draws with seed 3 as sample 1, frame 7. */
async function drawScale(
  model: Model,
  scale: number,
  known: Int16Array | null,
  coarse: Int16Array | null,
): Promise<DrawnImages> {
  const { chain } = model;
  const examples = givenOf(model);
  const weights = selectScaleParameters(chain, scale, model.weights);
  const tensors = toTensors(weights, chain.scales[scale].parameters);
  const { channels } = chain.exampleShape;
  const { height, width } = (chain.scales[scale - 1] ?? chain.scales[0]).description.size;
  const drawn = await new ImageSampler(chain.scales[scale], weights, tensors).draw(
    {
      scale,
      conditioningInputs: () => ({
        ...downsampleExamples(chain, scale, examples).conditioningInputs,
        ...(coarse && { coarser: tf.tensor4d(Float32Array.from(coarse), [1, height, width, channels]) }),
      }),
      known,
    },
    { seed: 3, samples: [1], frame: 7, settings: asItIs },
  );
  tf.dispose(tensors);
  disposeExamples(examples);
  return drawn;
}

/** Nats of a frame by teacher forcing, given what was given when it was drawn. */
function teacherForced({ chain, weights: arrays }: Model, bytes: Uint8Array): number {
  const weights = toTensors(arrays, chain.parameters);
  const known = chain.exampleShape.context;
  const frames = randomFrames(chain.exampleShape, 3, 5);
  const buffer = new ExampleBuffer(chain.exampleShape, 1);
  buffer.add(Buffer.concat([frames.subarray(((3 - known) * frames.length) / 3), bytes]), known + 1, false);
  const [nats] = natsOfExamples(chain, weights, buffer.tensors());
  tf.dispose(weights);
  return nats;
}

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('on %s', (instructionSet) => {
  test.each([...likelihoodModels, ...resizedModels])(
    'the nats of a drawn frame are those of teacher forcing: %s',
    async (_, scales) => {
      await tf.setBackend(`native-${instructionSet}`);
      const model = randomModel(scales);
      const { levels, nats } = await draw(model);
      const bytes = levelsToBytes(model.chain.exampleShape, levels);
      const bitsPerDim = (value: number) => value / Math.LN2 / bytes.length;
      // A level's byte comes back as that level.
      expect(Math.abs(bitsPerDim(nats) - bitsPerDim(teacherForced(model, bytes)))).toBeLessThan(1e-4);
      expect(nats).toBeGreaterThan(0);
    },
  );
});

test.each(tinyModels)('what was expected is given beside what is drawn, where it is learned: %s', async (_, scales) => {
  const model = randomModel(scales);
  const { expected } = await draw(model);
  const sampler = new FrameSampler(model);
  expect(expected).toEqual(expectsFrame(model) ? (await sampler.predict(givenOf(model)))[0] : null);
  sampler.dispose();
});

describe.each(kernelSets)('on $instructionSet', ({ instructionSet }) => {
  beforeEach(() => tf.setBackend(`native-${instructionSet}`));

  // A mixture's level is found by halving where nothing else is asked, and by adding up probabilities slower.
  test.each([1, 0.5])('outputs that are not finite are an error, at temperature %d', async (temperature) => {
    const random = randomModel([tinyNetwork({ levels: 256, head: mixtureTogether })]);
    const last = random.weights.length - 1;
    const weights = random.weights.map((values, index) => (index === last ? values.map(() => NaN) : values));
    const drawn = draw({ ...random, weights }, { settings: { temperature } });
    await expect(drawn).rejects.toThrow('expected a finite sum above 0, received NaN');
  });
});

test('an expected frame that is not finite is an error', async () => {
  const random = randomModel([tinyNetwork({ levels: 256, head: mixtureTogether, conditioning: [warpedFrames] })]);
  const residual = random.chain.parameters.findIndex(({ name }) => name.endsWith('residual.bias'));
  const weights = random.weights.map((values, index) => (index === residual ? values.map(() => NaN) : values));
  const broken = { ...random, weights };
  const sampler = new FrameSampler(broken);
  await expect(sampler.predict(givenOf(broken))).rejects.toMatchObject({
    code: 'CHECKPOINT',
    message: expect.stringMatching(/expected finite levels, received NaN at sub-pixel 0/) as string,
  });
  sampler.dispose();
});

describe('what is expected at longer strides', () => {
  const model = randomModel([tinyNetwork({ levels: 256, head: mixtureTogether, conditioning: [warpedFrames] })]);

  test('counts as much as what is expected here, once or twice, of each frame its own', async () => {
    const sampler = new FrameSampler(model);
    const seeds = [1, 2, 3];
    const own = await sampler.predict(givenOf(model, seeds));
    const moved = (by: number) => own.map((frame) => frame.map((byte) => (byte > 127 ? byte - by : byte + by)));
    const near = moved(40);
    const far = moved(80);
    const means = await sampler.predict(givenOf(model, seeds), [[], [near[1]], [near[2], far[2]]]);
    expect(means[0]).toEqual(own[0]);
    means[1].forEach((byte, at) => expect(Math.abs(byte - (own[1][at] + near[1][at]) / 2)).toBeLessThanOrEqual(1));
    means[2].forEach((byte, at) =>
      expect(Math.abs(byte - (own[2][at] + near[2][at] + far[2][at]) / 3)).toBeLessThanOrEqual(1),
    );
    sampler.dispose();
  });
});

describe('what is drawn', () => {
  const model = randomModel([tinyNetwork()]);

  test('is the same for the same seed, sample and frame', async () => {
    expect(await draw(model)).toEqual(await draw(model));
  });

  test.each([{ seed: 2 }, { sample: 1 }, { frame: 4 }])('is another for %o', async (which) => {
    expect((await draw(model, which)).levels).not.toEqual((await draw(model)).levels);
  });

  test('depends neither on the frames drawn before nor on those drawn at the same time', async () => {
    const sampler = new FrameSampler(model);
    const of = (frame: number) => sampler.draw(givenOf(model), { seed: 1, samples: 1, frame, settings: asItIs });
    await of(9);
    const together = await Promise.all([of(9), of(3)]);
    expect(together).toEqual([[await draw(model, { frame: 9 })], [await draw(model)]]);
    sampler.dispose();
  });

  test('is at temperature 0 the same for every seed', async () => {
    const settings = { temperature: 0 };
    const one = await draw(model, { seed: 1, settings });
    const two = await draw(model, { seed: 2, settings });
    expect(one).toEqual(two);
    expect(one.levels).not.toEqual((await draw(model)).levels);
  });

  test('is likelier the lower the temperature of a softmax', async () => {
    const ofLevels = randomModel([tinyNetwork({ head: softmax, levels: 16 })]);
    const at = async (temperature: number) => (await draw(ofLevels, { settings: { temperature } })).nats;
    const cold = await at(0.25);
    const warm = await at(1);
    const hot = await at(4);
    expect(cold).toBeLessThan(warm);
    expect(warm).toBeLessThan(hot);
  });
});

describe('a roll-out', () => {
  const model = randomModel([tinyNetwork({ size: { width: 3, height: 4 } })]);
  const history = () => {
    const known = new FrameHistory(model.chain.exampleShape);
    known.push(randomFrames(model.chain.exampleShape, 1, 5));
    return known;
  };

  test('gives each predicted frame to the next, and leaves the history as it was', async () => {
    const sampler = new FrameSampler(model);
    const known = history();
    const future = rollOut(sampler, known, { seed: 4, samples: [2], frame: 1, settings: asItIs });
    const frames = [await future.next(), await future.next()].map(({ value }) => value);
    const again = history();
    for (const [step, frame] of frames.entries()) {
      const which = { seed: 4, samples: [2], frame: 1 + step, settings: asItIs };
      const [{ levels, expected, nats }] = await sampler.draw(FrameHistory.examples([again]), which);
      const bytes = levelsToBytes(model.chain.exampleShape, levels);
      expect(frame).toEqual([{ expected, nats, longerStrides: [], bytes, drawn: bytes }]);
      again.push(frame[0].bytes);
    }
    const fresh = rollOut(sampler, known, { seed: 4, samples: [2], frame: 1, settings: asItIs });
    expect((await fresh.next()).value).toEqual(frames[0]);
    sampler.dispose();
  });

  test('draws as the commands do where nothing is said, and refuses settings that are wrong', async () => {
    const sampler = new FrameSampler(model);
    const first = async (settings?: object) =>
      (await rollOut(sampler, history(), { seed: 4, samples: [2], frame: 1, settings }).next()).value;
    const { temperature } = samplingSettings(model);
    expect(await first()).toEqual(await first({ temperature }));
    expect(await first({})).toEqual(await first());
    await expect(first({ temperatur: 1 })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(first({ temperature: -1 })).rejects.toMatchObject({ code: 'USAGE' });
    sampler.dispose();
  });
});

describe.each(kernelSets.map(({ instructionSet }) => instructionSet))('what onRow throws on %s', (instructionSet) => {
  test('ends the draw', async () => {
    await tf.setBackend(`native-${instructionSet}`);
    const model = randomModel([tinyNetwork()]);
    const sampler = new FrameSampler(model);
    let calls = 0;
    const onRow = () => {
      calls++;
      throw new Error('mine');
    };
    const draw = { seed: 1, samples: 1, frame: 3, settings: asItIs };
    await expect(sampler.draw(givenOf(model), { ...draw, onRow })).rejects.toThrow('mine');
    expect(calls).toBe(1);
    expect(await sampler.draw(givenOf(model), draw)).toHaveLength(1);
    sampler.dispose();
  });
});

describe('an aborted draw', () => {
  test.each(tinyModels)('stops within a row and leaves no tensor: %s', async (_, scales) => {
    const model = randomModel(scales);
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const sampler = new FrameSampler(model);
    let calls = 0;
    const drawing = sampler.draw(givenOf(model), {
      seed: 1,
      samples: 1,
      frame: 3,
      settings: asItIs,
      signal: controller.signal,
      onRow() {
        if (++calls === 2) controller.abort(new Error('stopped'));
      },
    });
    await expect(drawing).rejects.toThrow('stopped');
    expect(calls).toBe(2);
    sampler.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('a finished draw leaves no tensor', async () => {
  const model = randomModel([tinyNetwork()]);
  const before = tf.memory().numTensors;
  await draw(model);
  expect(tf.memory().numTensors).toBe(before);
});
