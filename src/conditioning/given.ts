import { tf } from '../foundation/tfjs.js';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import type { ImageShape } from '../foundation/levels.js';
import { cutWindow, FrameWindowBuffer, mirroredWindow, mirrorImage, type FrameWindow } from './frame-window.js';

/** What a model is told besides the image's own earlier sub-pixels. Values are levels (0 to levels - 1) as floats. */
export interface Given {
  window?: FrameWindow;
  /** The same image at the next coarser scale, [batch, coarse height, coarse width, channels]. */
  coarser?: Tensor4D;
}

/** What conditionings read. */
export interface Needs {
  /** Number of frames before the image; 0: none. */
  context: number;
  /** The image at the scale before; null: not read. */
  coarser: CoarserImage | null;
}

export interface CoarserImage {
  /** Pixels of this scale, down and across, for one of the coarser: its (r, c) is the pixel (factor r, factor c) here. */
  factor: number;
  /** Whether the pixels that both scales have are known here, neither scored nor drawn again. */
  known: boolean;
}

/** Collects what is given beside the image itself, example by example; null where nothing is. */
export function givenBuffer(shape: ImageShape & Pick<Needs, 'context'>, capacity: number) {
  return shape.context === 0 ? null : new FrameWindowBuffer(shape, shape.context, capacity);
}

/** As many tensors as `givenBuffer` gives for so many examples, for who counts them: their values are 0. */
export function blankGiven({ size, channels }: ImageShape, { context }: Pick<Needs, 'context'>, batch: number): Given {
  if (context === 0) return {};
  const blank = (features: number) => tf.fill<Rank.R4>([batch, size.height, size.width, features], 0);
  const frames = Array.from({ length: context }, () => blank(channels));
  return { window: { frames, valid: blank(context), noise: blank(1) } };
}

/** What is given at a coarser scale, every `step` pixels of the finest, and the scale before. Frees nothing. */
export function cutGiven(given: Given, { context }: Needs, step: number, coarser: Tensor4D | undefined): Given {
  return {
    ...(context > 0 && given.window && { window: cutWindow(given.window, context, step) }),
    ...(coarser && { coarser }),
  };
}

/** What is given of images whose left and right are swapped. Frees nothing. */
export function mirroredGiven({ window, coarser }: Given): Given {
  return { ...(window && { window: mirroredWindow(window) }), ...(coarser && { coarser: mirrorImage(coarser) }) };
}

export function disposeGiven({ window, coarser }: Given): void {
  if (window) tf.dispose([...window.frames, window.valid, window.noise, ...(window.known?.frames ?? [])]);
  if (coarser) tf.dispose(coarser);
}
