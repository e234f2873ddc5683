import type { Channels, Size } from '../foundation/frame.js';
import type { FrameStore } from './frame-store.js';
import { resample, type Fit } from './resample.js';

/** A part of a picture, of the shape of the whole that would be shown. */
export interface CropRegion {
  /** How many times smaller than the whole, in width and height; at least 1. */
  zoom: number;
  /** Where it lies, 0 to 1: at the left edge, at the right one. */
  across: number;
  /** Where it lies, 0 to 1: at the upper edge, at the lower one. */
  down: number;
}

/**
 * Reads parts of stored pictures, scaled to one size.
 * @param store pictures larger than `size`, at their own aspect
 * @param fit what the whole is of a picture of another shape: with `crop` the largest part of the shape of `size`,
 *   with `stretch` all of it
 * @returns copies the same part of the frames first to first + count - 1 of a clip to the start of `into`; it throws as
 *   `FrameStore.read`
 */
export function createCropReader(store: FrameStore, size: Size, channels: Channels, fit: Fit) {
  let stored = new Uint8Array(0);
  return (clip: number, first: number, count: number, part: CropRegion, into: Uint8Array): void => {
    const { width, height } = store.clips[clip].size;
    const wholeBytes = width * height * channels;
    if (stored.length < count * wholeBytes) stored = new Uint8Array(count * wholeBytes);
    store.read(clip, first, count, stored);

    const cover = Math.min(width / size.width, height / size.height);
    const whole = fit === 'crop' ? { width: cover * size.width, height: cover * size.height } : { width, height };
    const wide = Math.max(1, Math.round(whole.width / part.zoom));
    const high = Math.max(1, Math.round(whole.height / part.zoom));
    const left = Math.round(part.across * (width - wide));
    const top = Math.round(part.down * (height - high));
    const data = new Uint8Array(wide * high * channels);
    for (let frame = 0; frame < count; frame++) {
      for (let y = 0; y < high; y++) {
        const from = frame * wholeBytes + ((top + y) * width + left) * channels;
        data.set(stored.subarray(from, from + wide * channels), y * wide * channels);
      }
      const scaled = resample({ width: wide, height: high, channels, data }, size, 'stretch');
      into.set(scaled.data, frame * scaled.data.length);
    }
  };
}
