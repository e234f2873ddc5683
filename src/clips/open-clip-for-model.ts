import type { Frame, Size } from '../foundation/frame.js';
import { quantizeFrames } from '../foundation/levels.js';
import type { Model } from '../model/model.js';
import { isFixedSize, openClip, type ClipOptions, type ClipReader, type Fit, type TargetSize } from '../video/index.js';
import { rateToRead, type AskedRate } from './clip-rate.js';

/** How large the frames of clips are wanted. */
export interface SizeOptions {
  /** One size for all clips, or one for each at its own aspect. */
  size?: TargetSize | undefined;
  /** How a clip of another aspect is brought to one size. Default: `crop`. */
  fit?: Fit | undefined;
}

/** How clips are read at their own aspect, with the shorter side of the model's images, where no other size is asked for. */
export function keepAspectRatio({ chain }: Model, { size, fit }: SizeOptions): SizeOptions & { size: TargetSize } {
  const { width, height } = chain.exampleShape.size;
  return { size: size ?? { shortSide: Math.min(width, height) }, fit };
}

/** A clip as a model sees it. */
export interface ModelClip {
  reader: ClipReader;
  /** At the model's levels, so that what it predicts, the truth, baselines and codecs have the same. See `ClipReader`. */
  frames: (first?: number) => AsyncIterable<Frame>;
}

/**
 * Opens a clip at a size for a model. At its own aspect nothing is cut off, though a side is rounded to whole pixels.
 * @throws PxvError as `openClip` and `rateToRead`
 */
export async function openClipForModel(
  model: Model,
  path: string,
  operation: string,
  asked: SizeOptions &
    Pick<ClipOptions, 'size'> & { frameRate?: AskedRate | undefined; signal?: AbortSignal | undefined },
): Promise<ModelClip> {
  const { size, fit = 'crop', signal } = asked;
  const { channels, levels } = model.chain.exampleShape;
  const reader = await openClip(path, {
    ...{ size, channels, fit: isFixedSize(size) ? fit : 'stretch' },
    frameRate: rateToRead(model, asked.frameRate, operation),
    ...(signal && { signal }),
  });
  return { reader, frames: (first) => quantizeFrames(reader.frames(first), levels) };
}

/** Pixels of a frame, times those that a model learned at, from which a frame is slow enough to be said. */
const SLOW = 8;

/** One line where frames are so large that each takes many times as long as one of the model's; else null. */
export function sizeWarning({ chain }: Model, { width, height }: Size): string | null {
  const own = chain.exampleShape.size;
  const times = (width * height) / (own.width * own.height);
  if (times < SLOW) return null;
  const more = `${width}x${height} has ${Math.round(times)}-fold the pixels that the model learned at`;
  return `${more}, ${own.width}x${own.height}: a frame takes as much longer`;
}
