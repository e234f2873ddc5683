import type { Model } from '../model/checkpoint.js';
import { ExampleBuffer, contextLength, frameBytes } from '../model/examples.js';
import type { Channels, Frame } from '../frame.js';
import type { DrawSettings } from './draw.js';
import { FrameSampler, type DrawnFrame } from './frame-sampler.js';
import { Noise } from './noise.js';

/** How a future is drawn. */
export interface RollOut {
  seed: bigint | number;
  /** Counts futures of the same seed: each has noise of its own. */
  sample: number;
  /** Index in the clip of the first frame to predict. */
  first: number;
  settings: DrawSettings;
  /** Told after each row of each frame, with the share of the frame that is done. */
  onRow?: (share: number) => void;
  signal?: AbortSignal | undefined;
}

/** The last frames of a clip, as many as a model is given: what its next frame is predicted from. */
export class Context {
  readonly length: number;
  private readonly bytes: Uint8Array;
  private count = 0;

  constructor(private readonly model: Model) {
    const { description } = model.network;
    this.length = contextLength(description);
    this.bytes = new Uint8Array((this.length + 1) * frameBytes(description));
  }

  /** Adds the next frame; the oldest is forgotten. */
  push(frame: Uint8Array): void {
    const size = frame.length;
    if (this.count === this.length) this.bytes.copyWithin(0, size, this.length * size);
    else this.count++;
    this.bytes.set(frame, (this.count - 1) * size);
  }

  copy(): Context {
    const copy = new Context(this.model);
    copy.bytes.set(this.bytes);
    copy.count = this.count;
    return copy;
  }

  /** The example whose image is the frame after these; what that image holds means nothing. */
  example() {
    const buffer = new ExampleBuffer(this.model.network.description, 1);
    buffer.add(this.bytes, this.count + 1, false);
    return buffer.tensors();
  }
}

/** Predicts frame after frame: each predicted frame is context for the next, over any horizon. */
export async function* rollOut(
  sampler: FrameSampler,
  model: Model,
  context: Context,
  options: RollOut,
): AsyncGenerator<DrawnFrame, never> {
  const { height } = model.network.description.size;
  const noise = new Noise(options.seed);
  const known = context.copy();
  for (let frame = options.first; ; frame++) {
    const drawn = await sampler.draw(known.example(), {
      noise,
      sample: options.sample,
      frame,
      settings: options.settings,
      onRow: (rows) => options.onRow?.(rows / height),
      signal: options.signal,
    });
    known.push(drawn.bytes);
    yield drawn;
  }
}

/** A frame at a model's size. */
export function frameOf(model: Model, data: Uint8Array): Frame {
  const { size, channels } = model.network.description;
  return { ...size, channels: channels as Channels, data };
}
