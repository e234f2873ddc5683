import * as tf from '@tensorflow/tfjs-core';
import { Philox } from '../../src/foundation/philox.js';
import { DetailRestoration } from '../../src/sampling/detail-restoration.js';
import { kernelSets } from '../backend/implementations.js';

beforeAll(() => tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`));

const size = { width: 24, height: 20 };
const philox = new Philox(5n);
/** Scene of blocks of one level each, read at a place moved by some columns. */
const scene = (channels: number, moved = 0, softness = 0): Uint8Array =>
  frameOf(channels, (y, x, c) => {
    const level = (column: number) => 20 + 200 * philox.uniform(c, Math.floor(y / 2), Math.floor((column + 40) / 2), 0);
    const at = x - moved;
    return (1 - softness) * level(at) + softness * 120;
  });

function frameOf(channels: number, level: (y: number, x: number, c: number) => number): Uint8Array {
  const { width, height } = size;
  return Uint8Array.from({ length: height * width * channels }, (_, at) => {
    const pixel = Math.floor(at / channels);
    return Math.round(level(Math.floor(pixel / width), pixel % width, at % channels));
  });
}

type Image = (y: number, x: number, c: number) => number;
const within = (place: number, count: number) => Math.max(0, Math.min(count - 1, place));

/** Image of a frame, whose edge pixels repeat beyond the edge. */
function imageOf(frame: ArrayLike<number>, channels: number): Image {
  const { width, height } = size;
  return (y, x, c) => frame[(within(y, height) * width + within(x, width)) * channels + c];
}

/** Mean over 5 x 5 pixels with binomial weights. */
function smoothed(image: Image): Image {
  const choose = [1, 4, 6, 4, 1];
  return (y, x, c) => {
    let sum = 0;
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++)
        sum +=
          (choose[dy + 2] * choose[dx + 2] * image(within(y + dy, size.height), within(x + dx, size.width), c)) / 256;
    return sum;
  };
}

/** The restoration of one sub-pixel by its definition, given the frame that shows how much detail there should be. */
function restoredLevel([drawn, expected, reference]: Image[], channels: number, levels: number): Image {
  const ofChannels = Array.from({ length: channels }, (_, c) => c);
  const variance = (image: Image): Image => {
    const smooth = smoothed(image);
    const squares = (y: number, x: number) =>
      ofChannels.reduce((sum, c) => sum + (image(y, x, c) - smooth(y, x, c)) ** 2, 0) / channels;
    return smoothed(squares);
  };
  const [ofReference, ofExpected, ofDrawn] = [reference, expected, drawn].map(variance);
  const smooth = smoothed(expected);
  return (y, x, c) => {
    const [goal, own, all] = [ofReference, ofExpected, ofDrawn].map((of) => of(y, x, 0));
    const missing = Math.max(0, goal - Math.max(0, all - own));
    const gain = Math.min(2, Math.max(1, Math.sqrt((missing + 0.5) / (own + 0.5))));
    const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => reference(y + dy, x + dx, c)));
    const levelsAround = [...around, expected(y, x, c)];
    const [lowest, highest] = [Math.min(...levelsAround), Math.max(...levelsAround)];
    const sharper = drawn(y, x, c) + (gain - 1) * (expected(y, x, c) - smooth(y, x, c));
    const level = Math.round((Math.min(highest, Math.max(lowest, sharper)) / 255) * (levels - 1));
    return Math.round((level * 255) / (levels - 1));
  };
}

/** A frame with noise of a few levels, as of a draw. */
const noisy = (frame: Uint8Array) =>
  frame.map((byte, at) => Math.min(255, Math.max(0, byte + Math.round(16 * philox.uniform(9, at, 0, 0) - 8))));

test.each([
  { channels: 3, levels: 256 },
  { channels: 1, levels: 256 },
  { channels: 3, levels: 8 },
] as const)('what a still scene has lost comes back, %j', ({ channels, levels }) => {
  const last = scene(channels);
  const expected = scene(channels, 0, 0.5);
  const drawn = noisy(expected);
  const restored = new DetailRestoration({ size, channels, levels }, last, last).restore(3, drawn, expected);
  const images = [drawn, expected, last].map((frame) => imageOf(frame, channels));
  expect(restored).toEqual(frameOf(channels, restoredLevel(images, channels, levels)));
  expect(restored).not.toEqual(drawn);
});

test('the reference moves on with what is known to move', () => {
  const channels = 3;
  const shape = { size, channels, levels: 256 } as const;
  const expected = scene(channels, 3, 0.5);
  const restored = new DetailRestoration(shape, scene(channels, 1), scene(channels)).restore(2, expected, expected);
  const images = [expected, expected, scene(channels, 3)].map((frame) => imageOf(frame, channels));
  const defined = frameOf(channels, restoredLevel(images, channels, 256));
  const { width } = size;
  // What moves in at the left edge is not known, nor is motion near the edges.
  const inside = (at: number) => {
    const [y, x] = [Math.floor(at / channels / width), Math.floor(at / channels) % width];
    return y >= 6 && y < size.height - 6 && x >= 9 && x < width - 6;
  };
  const kept = (frame: Uint8Array) => frame.filter((_, at) => inside(at));
  expect(kept(restored)).toEqual(kept(defined));
});

test('a frame with as much detail as the last one stays', () => {
  const shape = { size, channels: 3, levels: 256 } as const;
  const last = scene(3);
  expect(new DetailRestoration(shape, last, last).restore(1, last, last)).toEqual(last);
});

test('a drawn level beyond all that is known and expected there leaves no speck', () => {
  const shape = { size, channels: 1, levels: 256 } as const;
  const [plain, drawn] = [120, 120].map((level) => frameOf(1, () => level));
  const expected = frameOf(1, () => 123);
  drawn[5 * size.width + 7] = 160;
  drawn[9 * size.width + 3] = 80;
  const restored = new DetailRestoration(shape, plain, plain).restore(1, drawn, expected);
  expect(restored).toEqual(frameOf(1, (y, x) => (y === 5 && x === 7 ? 123 : 120)));
});
