import type { Channels, Size } from '../foundation/frame.js';

/** Place and form of the frames of clips in an array. */
export interface ArrayLayout {
  /** Number of clips; null for an array that is one clip. */
  clips: number | null;
  /** Number of frames of each clip. */
  frames: number;
  /** Number of frames in the array from a frame to the same frame of the next clip. */
  clipStride: number;
  /** Number of frames in the array from a frame to the next one of the same clip. */
  frameStride: number;
  size: Size;
  channels: Channels;
  /** True if a frame is stored channel by channel (C x H x W); false if pixel by pixel (H x W x C). */
  isPlanar: boolean;
}

/** Reason why a shape is no layout of clips. */
interface WrongShape {
  /** Shape in words. */
  received: string;
  /** Remedy, as an imperative. */
  remedy: string;
}

/** Layouts of clips, in words, for errors. T: frames, N: clips, H: rows, W: columns, C: channels. */
export const LAYOUTS =
  'T x H x W, T x H x W x C, T x 1 x H x W, N x T x H x W, N x T x H x W x C, N x T x C x H x W ' +
  '(N clips of T frames, C is 1 or 3) or, as Moving MNIST, 20 x N x 64 x 64';

const SEE_AXES = 'bring its axes into this order with numpy.moveaxis or reshape';
const isChannels = (length: number): length is Channels => length === 1 || length === 3;

/** Frames, height and width of Moving MNIST, whose published file has its clips as the second axis. */
const movingMnist = [20, 64, 64];

/** Returns the layout of an array of a shape, or the reason why there is none. */
export function layoutOfShape(shape: readonly number[]): ArrayLayout | WrongShape {
  const wrong = (remedy: string, why = '') => ({ received: `${shape.join(' x ')}${why}`, remedy });
  if (shape.length < 3 || shape.length > 5) return wrong(SEE_AXES, ` (${shape.length} axes)`);
  if (shape.includes(0)) return wrong('save an array that has values', ', which is empty');
  const [first, second, third] = shape;
  const last = shape[shape.length - 1];
  if (shape.length === 3) {
    if (last <= 4) return wrong('stack several along a first axis', ', which is one image');
    return layout(null, first, { height: second, width: third, channels: 1 });
  }
  const before = shape[shape.length - 3];
  if (isChannels(last) && isChannels(before))
    return wrong('drop the axis that is none with numpy.squeeze', ', with two axes that may be channels');
  const [clips, frames] = shape.length === 4 ? [null, first] : [first, second];
  if (isChannels(last)) {
    const [height, width] = shape.slice(-3);
    return layout(clips, frames, { height, width, channels: last });
  }
  const [height, width] = shape.slice(-2);
  if (shape.length === 4 && before === 3) {
    const remedy = 'save a[None] if the 3 are channels, or a[..., None] if they are frames';
    return wrong(remedy, ', in which the 3 may be channels or frames');
  }
  if (isChannels(before)) return layout(clips, frames, { height, width, channels: before, isPlanar: true });
  if (shape.length === 5) return wrong(SEE_AXES, ', without an axis of 1 or 3 channels');
  if (last <= 4) return wrong('save its first three channels: a[..., :3]', `, with a last axis of ${last}`);
  const gray = { height, width, channels: 1 } as const;
  if ([first, height, width].every((length, axis) => length === movingMnist[axis]))
    return { ...layout(second, first, gray), clipStride: 1, frameStride: second };
  return layout(first, second, gray);
}

/** Size and form of frames. */
interface FrameForm extends Size {
  channels: Channels;
  isPlanar?: boolean;
}

/** Returns the layout of an array whose first axis is clips, or of one clip. A set of one clip is one clip. */
function layout(clips: number | null, frames: number, { isPlanar = false, channels, ...size }: FrameForm): ArrayLayout {
  const several = clips === 1 ? null : clips;
  return { clips: several, frames, clipStride: frames, frameStride: 1, size, channels, isPlanar };
}
