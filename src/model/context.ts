import { MOTION_LASTS } from '../conditioning/index.js';
import { PxvError } from '../foundation/errors.js';
import { ExampleBuffer, frameBytes, type ExampleShape, type Examples } from './examples.js';
import { lastKnownAgo, LONGEST_STRIDE, type Subsequence } from './subsequences.js';

/**
 * The last frames of a clip: what its next frame is predicted from. As many are remembered as a model is given, `LONGEST_STRIDE`
 * times.
 */
export class Context {
  private readonly length: number;
  private readonly remembered: number;
  /** The frames that are remembered, oldest first, and room for the one after. */
  private readonly bytes: Uint8Array;
  private count = 0;
  private told = 0;
  /** What was known before expected frames, where the last frame is one; else null. */
  private known: { bytes: Uint8Array; count: number; expected: number } | null = null;

  /** @param longestStride that is asked of it: see `every` */
  constructor(
    private readonly shape: ExampleShape,
    private readonly longestStride = LONGEST_STRIDE,
  ) {
    this.length = shape.context;
    this.remembered = this.length * longestStride;
    this.bytes = new Uint8Array((this.remembered + 1) * frameBytes(shape));
  }

  /** How many frames it was told of: the index, in their clip, of the next one. */
  get frames(): number {
    return this.told;
  }

  /** How many of the last frames were expected, as far as known motion goes on for them; 0: all are known. */
  get expected(): number {
    return this.known?.expected ?? 0;
  }

  /** How many frames the next one is predicted from: as many as a model is given, or as there are. */
  get given(): number {
    return Math.min(this.count, this.length);
  }

  /** The frames that the next one is predicted from, and room for so many after them. */
  private window(after = 0): Uint8Array {
    const size = frameBytes(this.shape);
    return this.bytes.subarray((this.count - this.given) * size, (this.count + after) * size);
  }

  /**
   * Adds the clip's next frame, a true or a drawn one, height x width x channels bytes; the oldest is forgotten. A frame of another
   * size is an `INPUT` error.
   */
  push(frame: Uint8Array): void {
    this.append(frame);
    this.known = null;
  }

  /**
   * The same of a frame that was expected after those before, or nearly, as what is carried on of a drawn one: motion among the
   * known ones goes on (see KnownFrames).
   */
  pushExpected(frame: Uint8Array): void {
    const { known } = this;
    const goesOn = known !== null && known.expected < MOTION_LASTS;
    const before = goesOn ? known : { bytes: this.window().slice(), count: this.given, expected: 0 };
    this.append(frame);
    this.known = { ...before, expected: before.expected + 1 };
  }

  private append(frame: Uint8Array): void {
    this.expectFrame(frame);
    this.told++;
    if (this.length === 0) return;
    if (this.count === this.remembered) this.bytes.copyWithin(0, frame.length, this.count * frame.length);
    else this.count++;
    this.bytes.set(frame, (this.count - 1) * frame.length);
  }

  /** Adds the example whose image is the frame after these. */
  addExample(buffer: ExampleBuffer, frame: Uint8Array): void {
    this.expectFrame(frame);
    this.bytes.set(frame, this.count * frame.length);
    this.add(buffer);
  }

  private add(buffer: ExampleBuffer): void {
    const { known } = this;
    buffer.add(this.window(1), this.given + 1, false);
    if (known !== null) buffer.follow(known.bytes, known.count, known.expected);
  }

  /** What is given for the frame after each of some contexts of one model; the examples' images mean nothing. */
  static examples(contexts: readonly Context[]): Examples {
    const buffer = new ExampleBuffer(contexts[0].shape, contexts.length);
    for (const context of contexts) context.add(buffer);
    return buffer.tensors();
  }

  /** The last frames of a subsequence, as those of a slower clip, where all frames so far are known. */
  every(subsequence: Subsequence): Context {
    const size = frameBytes(this.shape);
    const slower = new Context(this.shape, 1);
    const newest = this.count - 1 - lastKnownAgo(subsequence);
    const { stride } = subsequence;
    for (let ago = Math.min(this.length - 1, Math.floor(newest / stride)); ago >= 0; ago--)
      slower.push(this.bytes.subarray((newest - ago * stride) * size, (newest - ago * stride + 1) * size));
    return slower;
  }

  copy(): Context {
    const copy = new Context(this.shape, this.longestStride);
    copy.bytes.set(this.bytes);
    copy.count = this.count;
    copy.told = this.told;
    copy.known = this.known;
    return copy;
  }

  private expectFrame({ length }: Uint8Array): void {
    if (length === frameBytes(this.shape)) return;
    const { size, channels } = this.shape;
    throw new PxvError({
      code: 'INPUT',
      operation: 'add a frame to a context',
      argument: 'frame',
      expected: `${frameBytes(this.shape)} bytes (${size.width}x${size.height}x${channels})`,
      received: `${length}`,
      remedy: "bring the frame to the model's size",
    });
  }
}
