import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openForTraining, openMovingMnist } from '../../datasets/index.js';
import { mnist } from '../../datasets/mnist/mnist.js';
import { MovingMnist } from '../../datasets/moving-mnist/moving-mnist.js';
import { wrapImages } from '../../datasets/records.js';
import { Philox, randomStreams } from '../../src/foundation/philox.js';
import { announceMissing } from '../announce-missing.js';
import { allOf, folderWith, idx, refusal } from './made-files.js';
import { slowTest } from '../extent.js';

const FRAMES = 20;
const SIDE = 64;
const sequenceBytes = FRAMES * SIDE * SIDE;

/** Random numbers of a digit, from 0 to 1: index of its image, start position down and across, and direction. */
interface Draws {
  image: number;
  down: number;
  across: number;
  turn: number;
}

/**
 * The rules of arXiv:1502.04681 in plain loops: each pixel of each frame asks each digit. `digits` are images of 28x28
 * in rows of 784 bytes.
 */
function referenceSequence(digits: Uint8Array, drawn: readonly Draws[]): Uint8Array {
  const places = drawn.map(({ down, across, turn }) => {
    const position = [down, across];
    const velocity = [Math.sin(2 * Math.PI * turn), Math.cos(2 * Math.PI * turn)];
    return Array.from({ length: FRAMES }, () => {
      for (const axis of [0, 1]) {
        position[axis] += velocity[axis] * 0.1;
        if (position[axis] > 0 && position[axis] < 1) continue;
        position[axis] = Math.min(1, Math.max(0, position[axis]));
        velocity[axis] = -velocity[axis];
      }
      return position.map((part) => Math.trunc(36 * part));
    });
  });
  return Uint8Array.from({ length: sequenceBytes }, (_, at) => {
    const [frame, y, x] = [Math.floor(at / SIDE / SIDE), Math.floor(at / SIDE) % SIDE, at % SIDE];
    const values = drawn.map(({ image }, which) => {
      const [row, column] = [y - places[which][frame][0], x - places[which][frame][1]];
      const isInside = row >= 0 && row < 28 && column >= 0 && column < 28;
      return isInside ? digits[784 * image + 28 * row + column] : 0;
    });
    return Math.max(...values);
  });
}

const count = 12;
const pixels = new Uint8Array(idx(count).subarray(16));
const digitsOf = (data: Uint8Array) =>
  wrapImages({ width: 28, height: 28, channels: 1, levels: 256, origin: 'made', files: [] }, data);

function sequenceOf(sequences: MovingMnist, index: number): Uint8Array {
  const into = new Uint8Array(sequenceBytes);
  sequences.sequence(index, into);
  return into;
}

test.each([0, 1, 77, 2 ** 20 + 5, 2 ** 32 - 1])('sequence %i follows the rules, to the byte', (index) => {
  const philox = new Philox(7n);
  const drawn = [0, 1].map((which) => {
    const [image, down, across, turn] = [0, 1, 2, 3].map((word) =>
      philox.uniform(index, which, word, randomStreams.movingMnist),
    );
    return { image: Math.floor(image * count), down, across, turn };
  });
  const expected = Buffer.from(referenceSequence(pixels, drawn));
  expect(expected.equals(sequenceOf(new MovingMnist(digitsOf(pixels), 7n), index))).toBe(true);
  const turned = drawn.map((draws) => ({ ...draws, turn: draws.turn + 0.01 }));
  expect(expected.equals(referenceSequence(pixels, turned))).toBe(false);
});

test('a sequence depends on seed and index alone, not on what was made before', () => {
  const sequences = new MovingMnist(digitsOf(pixels), 1);
  const first = Buffer.from(sequenceOf(sequences, 3));
  expect(first.equals(sequenceOf(sequences, 4))).toBe(false);
  expect(first.equals(sequenceOf(sequences, 3))).toBe(true);
  expect(first.equals(sequenceOf(new MovingMnist(digitsOf(pixels), 2), 3))).toBe(false);
});

test('digits stay inside the frame, touch each edge, and turn back there', () => {
  // One bright digit without a margin: where it is can be read from the pixels.
  const sequences = new MovingMnist(digitsOf(new Uint8Array(784).fill(255)), 1);
  const touched = new Set<string>();
  for (let index = 0; index < 40; index++) {
    const sequence = sequenceOf(sequences, index);
    for (let frame = 0; frame < FRAMES; frame++) {
      const at = (y: number, x: number) => sequence[(frame * SIDE + y) * SIDE + x] === 255;
      const steps = Array.from({ length: SIDE }, (_, step) => step);
      if (steps.some((x) => at(0, x))) touched.add('top');
      if (steps.some((x) => at(SIDE - 1, x))) touched.add('bottom');
      if (steps.some((y) => at(y, 0))) touched.add('left');
      if (steps.some((y) => at(y, SIDE - 1))) touched.add('right');
      // Whole digits: one covers 784 pixels, and two at most twice as many.
      const bright = sequence.subarray(frame * SIDE * SIDE, (frame + 1) * SIDE * SIDE).filter(Boolean).length;
      expect(bright).toBeGreaterThanOrEqual(784);
      expect(bright).toBeLessThanOrEqual(2 * 784);
    }
  }
  expect([...touched].sort()).toEqual(['bottom', 'left', 'right', 'top']);
});

test.each([
  [-1, sequenceBytes],
  [2 ** 32, sequenceBytes],
  [0.5, sequenceBytes],
  [0, sequenceBytes - 1],
])('sequence %d, for an array of %i bytes, is refused in one line', (index, room) => {
  const sequences = new MovingMnist(digitsOf(pixels), 1);
  expect(() => sequences.sequence(index, new Uint8Array(room))).toThrow(
    expect.objectContaining(refusal(/make sequence: .*expected a sequence from 0 to 4294967295/, 'USAGE')) as Error,
  );
});

slowTest('sequences are made of the digits of their split, and never of test digits', async () => {
  // Each image is of one level, its own: the levels of a sequence tell of which digits it is made.
  const images = Buffer.concat([idx(1).subarray(0, 16), ...[...Array(40).keys()].map((n) => Buffer.alloc(784, n + 1))]);
  images.writeUInt32BE(40, 4);
  const data = folderWith({ 'train-images-idx3-ubyte': images, 't10k-images-idx3-ubyte': 'not opened' });
  for (const split of ['train', 'validation'] as const) {
    const own = new Set(allOf(await openForTraining('mnist', split, { data })));
    const sequences = await openMovingMnist(split, 1, data);
    const used = new Set<number>();
    for (let index = 0; index < 300; index++) for (const level of sequenceOf(sequences, index)) used.add(level);
    expect(sequences.digits.files).toEqual([join(data, 'train-images-idx3-ubyte')]);
    sequences.close();
    expect([...used].sort()).toEqual([0, ...own].sort());
  }
  await expect(openMovingMnist('test' as never, 1, data)).rejects.toMatchObject({ code: 'USAGE' });
});

test('without digits for validation there are no sequences, and none is made', async () => {
  const data = folderWith({ 'train-images-idx3-ubyte': idx(9) });
  const sequences = await openMovingMnist('validation', 0, data);
  expect(sequences.digits.count).toBe(0);
  expect(() => sequenceOf(sequences, 0)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
});

test('once its digits are closed, no sequence is made', () => {
  const sequences = new MovingMnist(digitsOf(pixels), 1);
  sequences.close();
  expect(() => sequenceOf(sequences, 0)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
});

const shared = join(import.meta.dirname, '../../../shared/data');
const made = join(shared, 'moving-mnist', 'train_20x600x64x64.npy.gz');
if (existsSync(made)) {
  slowTest('frames are as bright as those that an independent program made, in whole and in the middle', async () => {
    const digits = await mnist.open(join(shared, 'mnist'), 'train');
    const sequences = new MovingMnist(digits, 1);
    const own = Array.from({ length: 300 }, (_, index) => sequenceOf(sequences, index));
    const others = gunzipSync(readFileSync(made)).subarray(-20 * 600 * SIDE * SIDE);
    const found = brightness(Buffer.concat(own));
    const expected = brightness(others);
    // Within three standard errors: the brightness of a digit varies by a third.
    expect(Math.abs(found.whole / expected.whole - 1)).toBeLessThan(0.05);
    expect(Math.abs(found.middle / expected.middle - 1)).toBeLessThan(0.06);
  });
} else announceMissing('sequences of Moving MNIST that an independent program made (../shared/data/moving-mnist)');

/** Mean levels of frames: of all their pixels, and of their inner quarter. */
function brightness(frames: Uint8Array): { whole: number; middle: number } {
  let [whole, middle] = [0, 0];
  for (let at = 0; at < frames.length; at++) {
    const [y, x] = [(at >> 6) % SIDE, at % SIDE];
    whole += frames[at];
    if (y >= 16 && y < 48 && x >= 16 && x < 48) middle += frames[at];
  }
  return { whole: whole / frames.length, middle: (4 * middle) / frames.length };
}
