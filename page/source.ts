import { frameFromPixels, type Frame, type Size } from '../src/browser/index.js';

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

/** The frame that a canvas shows. */
export function frameOfCanvas(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D): Frame {
  const { width, height } = context.canvas;
  return frameFromPixels(context.getImageData(0, 0, width, height));
}
