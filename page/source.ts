import { frameFromPixels } from '../src/browser/image-data.js';
import type { Frame, Size } from '../src/foundation/frame.js';

/** A frame, and when in its video it stands. */
export interface TimedFrame {
  frame: Frame;
  /** Seconds. */
  time: number;
}

/** A video, as frames at the size that the model sees. */
export interface Source {
  name: string;
  /** Whether frames are taken as fast as they are computed, from a video that goes on. */
  isLive: boolean;
  /** Of a file of pxv encode, which is played whole and at its own rate. */
  bytes?: number;
  /** What of it is left out, in words; null where nothing is. */
  leftOut: string | null;
  frames: () => AsyncIterable<TimedFrame>;
  /** Ends what is open; the frames end then. */
  stop: () => void;
}

/** Frames that are looked at, at most. */
export const MOST_FRAMES = 300;
/** As many pixels as the models learned with. */
const PIXELS = 64 * 64;

/** The size at which a video of this aspect is looked at. */
export function sizeFor({ width, height }: Size): Size {
  const scale = Math.sqrt(PIXELS / (width * height));
  const side = (length: number) => Math.max(8, Math.round(length * scale));
  return { width: side(width), height: side(height) };
}

/** Makes frames of this size from what is drawn on a canvas. */
export function frameTaker(size: Size): (draw: (on: CanvasRenderingContext2D, size: Size) => void) => Frame {
  const canvas = Object.assign(document.createElement('canvas'), size);
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  return (draw) => {
    draw(context, size);
    return frameFromPixels(context.getImageData(0, 0, size.width, size.height));
  };
}
