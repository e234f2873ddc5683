import type { Size } from '../foundation/frame.js';
import type { Model } from '../model/model.js';
import { isFixedSize, openClip, type ClipOptions, type Fit, type TargetSize } from '../video/index.js';
import { rateToRead, type RequestedRate } from './clip-rate.js';

/** Options for the size of clips' frames. */
export interface SizeOptions {
  /** Target size: one size for all clips, or a size at each clip's own aspect ratio. */
  size?: TargetSize | undefined;
  /** Method to fit a clip of another aspect ratio to a fixed size. Default: `crop`. */
  fit?: Fit | undefined;
}

/**
 * Fills in a missing `size`: the clip's own aspect ratio, with the shorter side of the model's images. Returns `size`,
 * if given, and `fit` unchanged.
 */
export function keepAspectRatio({ chain }: Model, { size, fit }: SizeOptions): SizeOptions & { size: TargetSize } {
  const { width, height } = chain.exampleShape.size;
  return { size: size ?? { shortSide: Math.min(width, height) }, fit };
}

/** Options for opening a clip for a model. */
interface OpenOptions extends Pick<ClipOptions, 'size' | 'fit' | 'signal'> {
  frameRate?: RequestedRate | undefined;
}

/**
 * Opens a clip at size `asked.size`, with the model's channels and levels, at the rate of `rateToRead`. At the clip's
 * own aspect ratio nothing is cropped, though a side is rounded to whole pixels.
 * @param operation name of the task, for the error
 * @throws PxvError as `openClip` and `rateToRead`
 */
export async function openClipForModel(model: Model, path: string, operation: string, asked: OpenOptions) {
  return openClip(path, readingOptions(model, operation, asked));
}

/**
 * Returns the options for reading a clip or a stream as `openClipForModel` does.
 * @param operation name of the task, for the error
 * @throws PxvError as `rateToRead`
 */
export function readingOptions(model: Model, operation: string, asked: OpenOptions): ClipOptions {
  const { size, fit = 'crop', signal } = asked;
  const { channels, levels } = model.chain.exampleShape;
  const frameRate = rateToRead(model, asked.frameRate, operation);
  return { size, channels, levels, fit: isFixedSize(size) ? fit : 'stretch', frameRate, signal };
}

/** Factor of pixels over the model's training images from which frames are slow enough to warn. */
const SLOW = 8;

/**
 * Returns a warning of one line if frames have 8 or more times the pixels of the model's training images; else null. A
 * frame then takes as many times longer.
 */
export function sizeWarning({ chain }: Model, { width, height }: Size): string | null {
  const own = chain.exampleShape.size;
  const times = (width * height) / (own.width * own.height);
  if (times < SLOW) return null;
  const more = `${width}x${height} has ${Math.round(times)}-fold the pixels that the model learned at`;
  return `${more}, ${own.width}x${own.height}: a frame takes as much longer`;
}
