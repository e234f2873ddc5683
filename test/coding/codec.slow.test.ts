import * as tf from '@tensorflow/tfjs-core';
import type { Frame } from '../../src/foundation/frame.js';
import { levelsToBytes, frameBytes, bytesToLevels } from '../../src/foundation/levels.js';
import { resizeDescription } from '../../src/model/resize-description.js';
import '../backend/implementations.js';
import { randomInts } from '../random.js';
import { randomModel, likelihoodModels, tinyNetwork } from '../model/tiny-networks.js';
import { called, decoded, encoded, framesOf, wrong } from './coding.js';

beforeEach(() => tf.setBackend('native-wasm'));

test('of 1,000 random clips each is read as it was written, in as many bytes as its frames cost', async () => {
  for (let seed = 0; seed < 1000; seed++) {
    const [width, height, count, isNoise, which] = [9, 9, 4, 2, likelihoodModels.length].map(
      (below, at) => randomInts(1, below, 10 * seed + at)[0],
    );
    const [, scales] = likelihoodModels[which];
    const size = { width: 1 + width, height: 1 + height };
    const model = randomModel(resizeDescription({ version: 1, scales }, size).scales, seed);
    const { exampleShape: shape } = model.chain;
    const noise = (at: number): Frame => {
      const data = Uint8Array.from(randomInts(frameBytes(shape), 256, 7 * seed + at));
      return { ...shape.size, channels: shape.channels, data: levelsToBytes(shape, bytesToLevels(shape, data)) };
    };
    const frames = isNoise ? Array.from({ length: 1 + count }, (_, at) => noise(at)) : framesOf(model, 1 + count, seed);
    let bits = 0;
    const bytes = await encoded(model, frames, {
      onFrame: (frame) => (bits += frame.bits),
      keyFrameInterval: 1 + (seed % 5),
    });
    expect([seed, await decoded(bytes, model)]).toEqual([seed, called(frames)]);
    expect(bytes.length).toBeLessThanOrEqual((1.001 * bits) / 8 + 64 + 12 * frames.length);
  }
});

test('of 10,000 damaged files none gives a frame that was not written', async () => {
  const model = randomModel([tinyNetwork({ size: { width: 3, height: 2 } })]);
  const frames = framesOf(model, 12);
  const bytes = await encoded(model, frames);
  for (let seed = 0; seed < 10_000; seed++) {
    const [at, bit, cut, more] = [bytes.length, 8, bytes.length, bytes.length].map(
      (below, of) => randomInts(1, below, 10 * seed + of)[0],
    );
    const damaged = Buffer.from(seed % 3 === 0 ? bytes.subarray(0, cut) : bytes);
    if (at < damaged.length) damaged[at] ^= 1 << bit;
    if (seed % 5 === 0 && more < damaged.length) damaged[more] ^= 255;
    if (damaged.equals(bytes)) continue;
    const found = await decoded(damaged, model).catch(() => null);
    if (found === null) continue;
    expect([seed, wrong(found, frames)]).toEqual([seed, 0]);
    expect(found.some((each) => 'lost' in each)).toBe(true);
  }
});
