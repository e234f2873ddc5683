import type { Channels, Size } from '../frame.js';
import type { FrameStore } from './frame-store.js';
import { resampleWindow, type Fit, type Window } from './resample.js';

/** A part of a picture, of the shape of the whole that would be shown. */
export interface FramePart {
  /** How many times smaller than the whole, in width and height; at least 1. */
  zoom: number;
  /** Where it lies, 0 to 1: at the left edge, at the right one. */
  across: number;
  /** Where it lies, 0 to 1: at the upper edge, at the lower one. */
  down: number;
}

/** Parts of stored pictures, scaled to one size. */
export class FrameParts {
  private stored = new Uint8Array(0);

  /**
   * @param store pictures larger than `size`, at their own aspect
   * @param fit what the whole is of a picture of another shape: with `crop` the largest part of the shape of `size`,
   *   with `stretch` all of it
   */
  constructor(
    private readonly store: FrameStore,
    private readonly size: Size,
    private readonly channels: Channels,
    private readonly fit: Fit,
  ) {}

  /**
   * Copies a part of the frames first to first + count - 1 of a clip, scaled, to the start of `into`.
   *
   * @param parts that of the first frame, and that of the last; between them the part moves evenly
   * @throws {PxvError} as `FrameStore.read`.
   */
  read(clip: number, first: number, count: number, parts: readonly [FramePart, FramePart], into: Uint8Array): void {
    const { size, channels, store } = this;
    const { width, height } = store.clips[clip].size;
    const wholeBytes = width * height * channels;
    if (this.stored.length < count * wholeBytes) this.stored = new Uint8Array(count * wholeBytes);
    store.read(clip, first, count, this.stored);

    const [from, to] = parts.map((part) => this.window(store.clips[clip].size, part));
    for (let frame = 0; frame < count; frame++) {
      const way = count === 1 ? 0 : frame / (count - 1);
      const at = (key: keyof Window) => from[key] + way * (to[key] - from[key]);
      const window = { left: at('left'), top: at('top'), width: at('width'), height: at('height') };
      const data = this.stored.subarray(frame * wholeBytes, (frame + 1) * wholeBytes);
      const scaled = resampleWindow({ width, height, channels, data }, window, size);
      into.set(scaled.data, frame * scaled.data.length);
    }
  }

  private window({ width, height }: Size, part: FramePart): Window {
    const { size } = this;
    const cover = Math.min(width / size.width, height / size.height);
    const whole = this.fit === 'crop' ? { width: cover * size.width, height: cover * size.height } : { width, height };
    const [wide, high] = [whole.width / part.zoom, whole.height / part.zoom];
    return { left: part.across * (width - wide), top: part.down * (height - high), width: wide, height: high };
  }
}
