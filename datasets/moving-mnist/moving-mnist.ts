import { errorFactory } from '../../src/foundation/errors.js';
import { Philox, randomStreams } from '../../src/foundation/philox.js';
import type { Images } from '../image-set.js';
import type { VideoSetFacts } from '../video-set.js';

const SIDE = 64;
const FRAMES = 20;
const DIGIT_SIDE = 28;
/** Number of digits of a sequence. */
const DIGITS = 2;
/** Number of pixels that a digit can move in each direction. */
const RANGE = SIDE - DIGIT_SIDE;
/** Distance that a digit moves from frame to frame, as a fraction of `RANGE`: 3.6 pixels. */
const STEP = 0.1;
/** Bytes of a sequence: 20 frames of 64x64 grey pixels. */
const SEQUENCE_BYTES = FRAMES * SIDE * SIDE;
/** Number of sequences that a seed has. */
const SEQUENCES = 2 ** 32;

/** Moving MNIST of two digits: its published test sequences. Trainings make sequences of their own (`MovingMnist`). */
export const movingMnist: VideoSetFacts = {
  name: 'moving-mnist',
  title: 'Moving MNIST, 64x64 grey sequences of two digits; trainings make their own of mnist',
  size: { width: SIDE, height: SIDE },
  channels: 1,
  levels: 256,
  frames: FRAMES,
  counts: { test: 10_000 },
  files: [
    {
      name: 'mnist_test_seq.npy',
      urls: ['http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy'],
      bytes: 819_200_080,
      md5: 'be083ec986bfe91a449d63653c411eb2',
    },
  ],
};

/** Random choice for a digit of a sequence. Each choice has a random number of its own. */
const enum Choice {
  Image,
  Down,
  Across,
  Direction,
}

/**
 * Sequences of Moving MNIST with random access. A sequence follows from the digits, the seed and its index alone. The
 * rules are those of Srivastava, Mansimov and Salakhutdinov (arXiv:1502.04681, section 4.1). Two digits of 28x28 pixels
 * are drawn with replacement. The start position is uniform over the frame, and the direction is uniform over the
 * circle. Digits move 3.6 pixels from frame to frame. A digit that reaches an edge stops there, and leaves with this
 * component of its velocity reversed. Positions are truncated to whole pixels. Where digits overlap, the brighter pixel
 * counts.
 */
export class MovingMnist {
  private readonly philox: Philox;
  private readonly digit = new Uint8Array(DIGIT_SIDE * DIGIT_SIDE);

  /**
   * @param digits images of 28x28 grey pixels; without any, `sequence` fails; `close` closes them
   * @throws PxvError `INPUT` if `seed` is no whole number from 0 to 2^64 - 1
   */
  constructor(
    readonly digits: Images,
    seed: bigint | number,
  ) {
    this.philox = new Philox(seed);
  }

  /**
   * Writes sequence `index` as 20 frames of `64 x 64` bytes to the start of `into`. Allocates nothing.
   * @param index whole number from 0 to 2^32 - 1
   * @throws PxvError `USAGE` if there is no such sequence, `into` is too small, or the digits are closed
   */
  sequence(index: number, into: Uint8Array): void {
    if (!(Number.isInteger(index) && index >= 0 && index < SEQUENCES && into.length >= SEQUENCE_BYTES))
      throw unusable(index, into);
    into.fill(0, 0, SEQUENCE_BYTES);
    for (let which = 0; which < DIGITS; which++) this.addDigit(index, which, into);
  }

  /** Closes the digits; `sequence` fails afterwards. */
  close(): void {
    this.digits.close();
  }

  private addDigit(index: number, which: number, into: Uint8Array): void {
    const { digits, digit } = this;
    digits.read(Math.floor(this.uniform(index, which, Choice.Image) * digits.count), digit);
    let y = this.uniform(index, which, Choice.Down);
    let x = this.uniform(index, which, Choice.Across);
    const direction = 2 * Math.PI * this.uniform(index, which, Choice.Direction);
    let down = STEP * Math.sin(direction);
    let across = STEP * Math.cos(direction);
    for (let frame = 0; frame < FRAMES; frame++) {
      y += down;
      x += across;
      if (y <= 0 || y >= 1) {
        y = y <= 0 ? 0 : 1;
        down = -down;
      }
      if (x <= 0 || x >= 1) {
        x = x <= 0 ? 0 : 1;
        across = -across;
      }
      addBrighter(digit, into, (frame * SIDE + Math.floor(RANGE * y)) * SIDE + Math.floor(RANGE * x));
    }
  }

  private uniform(index: number, which: number, choice: Choice): number {
    return this.philox.uniform(index, which, choice, randomStreams.movingMnist);
  }
}

/** Sets pixels of a frame to the maximum of the pixel and the digit. @param first index of the digit's first pixel */
function addBrighter(digit: Uint8Array, into: Uint8Array, first: number): void {
  for (let y = 0, from = 0; y < DIGIT_SIDE; y++) {
    for (let x = 0, to = first + y * SIDE; x < DIGIT_SIDE; x++, from++, to++) {
      if (digit[from] > into[to]) into[to] = digit[from];
    }
  }
}

function unusable(index: number, into: Uint8Array): Error {
  const expected = `a sequence from 0 to ${SEQUENCES - 1} and room for ${SEQUENCE_BYTES} bytes`;
  const received = `sequence ${index} and room for ${into.length} bytes`;
  const remedy = 'give a whole number and a larger array';
  return errorFactory('USAGE', 'make sequence')(`sequence ${index}`, expected, received, remedy);
}
