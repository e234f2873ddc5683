import { frameFromPixels } from '../src/browser/canvas-pixels.js';
import type { Frame, Size } from '../src/foundation/frame.js';

/** Frame with its time in the video. */
export interface TimedFrame {
  frame: Frame;
  /** Time in seconds. The first frame's time may be any. */
  time: number;
}

/** Source of frames, at the size that the model sees. */
export interface Source {
  /** Name for the user, such as a file's name. */
  name: string;
  /** True for a live video, whose frames are taken as fast as they are scored. */
  isLive: boolean;
  /** Size of the file in bytes, if `pxv encode` wrote the file; undefined for other sources. */
  bytes?: number;
  /**
   * Note for the user if not everything is read: the part that is read, or that damaged frames are missing. Null if
   * everything is read. May be set while the frames are read.
   */
  coverage: string | null;
  /** Yields the frames in order. */
  frames: () => AsyncIterable<TimedFrame>;
  /** Closes the source and ends its frames. */
  stop: () => void;
}

/** Maximum number of frames that are scored. */
export const MAX_FRAMES = 300;
/** Number of pixels of a frame, as in the models' training. */
const PIXELS = 64 * 64;

/**
 * Returns the size at which frames are predicted: about 4096 pixels, at the aspect ratio of a video. Each side is at
 * least 8 pixels.
 */
export function sizeFor({ width, height }: Size): Size {
  const scale = Math.sqrt(PIXELS / (width * height));
  const side = (length: number) => Math.max(8, Math.round(length * scale));
  return { width: side(width), height: side(height) };
}

/**
 * Returns a function that lets `draw` draw on a canvas of `size`, and returns the canvas's pixels as a frame. `draw`
 * receives the canvas's context and `size`.
 */
export function frameTaker(size: Size): (draw: (on: CanvasRenderingContext2D, size: Size) => void) => Frame {
  const canvas = Object.assign(document.createElement('canvas'), size);
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  return (draw) => {
    draw(context, size);
    return frameFromPixels(context.getImageData(0, 0, size.width, size.height));
  };
}
