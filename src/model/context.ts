import { PxvError } from '../errors.js';
import { ExampleBuffer, frameBytes, type ExampleShape, type Examples } from './examples.js';

/** The last frames of a clip, as many as a model is given: what its next frame is predicted from. */
export class Context {
  private readonly length: number;
  /** The frames that are known, oldest first, and room for the one after. */
  private readonly bytes: Uint8Array;
  private count = 0;

  constructor(private readonly shape: ExampleShape) {
    this.length = shape.context;
    this.bytes = new Uint8Array((this.length + 1) * frameBytes(shape));
  }

  /**
   * Adds the clip's next frame, height x width x channels bytes; the oldest is forgotten. A frame of another size is an
   * `INPUT` error.
   */
  push(frame: Uint8Array): void {
    this.expectFrame(frame);
    if (this.length === 0) return;
    if (this.count === this.length) this.bytes.copyWithin(0, frame.length, this.length * frame.length);
    else this.count++;
    this.bytes.set(frame, (this.count - 1) * frame.length);
  }

  /** Adds the example whose image is the frame after these. */
  addExample(buffer: ExampleBuffer, frame: Uint8Array): void {
    this.expectFrame(frame);
    this.bytes.set(frame, this.count * frame.length);
    buffer.add(this.bytes, this.count + 1, false);
  }

  /**
   * What is given for the frame after each of some contexts of one model; the examples' images mean nothing.
   *
   * @param noise strength of the noise that the network is told of, in levels: see FrameWindow
   */
  static examples(contexts: readonly Context[], noise = 0): Examples {
    const buffer = new ExampleBuffer(contexts[0].shape, contexts.length);
    for (const { bytes, count } of contexts) buffer.add(bytes, count + 1, false, () => noise);
    return buffer.tensors();
  }

  copy(): Context {
    const copy = new Context(this.shape);
    copy.bytes.set(this.bytes);
    copy.count = this.count;
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
