import type { Channels, Size } from '../foundation/frame.js';
import type { CropRegion } from '../foundation/crop-region.js';
import type { FrameStore } from './frame-store.js';
import { resample, type Fit } from './resample.js';

/**
 * Returns a function that reads crops of stored frames, scaled to `size`.
 * @param store frames at their own aspect ratio, larger than `size` so that crops keep their detail
 * @param channels number of channels of the stored frames
 * @param fit region shown at zoom 1: `crop`, the largest with the aspect ratio of `size`; `stretch`, the full frame
 * @returns function of a clip's index, first frame, number of frames, crop region and target. Writes `height x width x
 *   channels` bytes per frame to the start of the target; throws as `FrameStore.read`
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
