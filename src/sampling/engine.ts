import type { InstructionSet } from '../backend/kernels.js';
import type { DrawSettings } from './draw.js';
import type { Noise, NoiseStream } from './noise.js';

/** How an engine draws. */
export interface EngineSettings extends DrawSettings {
  /**
   * Share, above 0 and up to 1, of what a drawn sub-pixel has beyond its first anchor, the expected picture, that those after it in
   * the image are drawn from; default 1: they are drawn from it as it is (docs/decisions/0035-a-share-of-a-draw-within-the-image.md).
   */
  carryWithin?: number;
}

/** A batch of images to draw. Arrays are [image, height, width, channel] where nothing else is said. */
export interface EngineDraw {
  /** The conditioning map, [image, height, width, features]; null for a network without one. */
  map: Float32Array | null;
  /** In levels, those of a sub-pixel together; null: a single one, the middle level, everywhere. */
  anchors: Float32Array | null;
  /**
   * Pictures to look for parts of the image in, [image, height, width, references * channels], in levels; null: nothing is
   * looked for.
   */
  references: Float32Array | null;
  /** Levels that are known, which are kept and count nothing; -1 for those to draw, which are written here. */
  levels: Int16Array;
  noise: Noise;
  /** Of each image: which numbers of the noise it takes. */
  streams: readonly NoiseStream[];
  settings: EngineSettings;
  /** Receives what the head reads of every sub-pixel, [image, height, width, channel, outputs], where wanted. */
  outputs?: Float32Array;
  /** Told after each row, with the share of the work that is done. */
  onProgress?: ((share: number) => void) | undefined;
  /** Looked at after each row. */
  signal?: AbortSignal | undefined;
}

/** Runs a network sub-pixel by sub-pixel, each value computed once, and draws images on the way. */
export interface ImageEngine {
  /** The set whose whole-image kernels give the same outputs, bit for bit. */
  readonly instructionSet: InstructionSet;
  /**
   * Draws a batch of images. Its arrays may not be used before it is done; other batches may be asked for meanwhile.
   *
   * @returns -log P of what was drawn of each image (at temperature 1, without top-p), in nats
   * @throws the signal's reason once it is aborted; CHECKPOINT where probabilities have no finite positive sum; what
   *   `onProgress` throws
   */
  draw(images: EngineDraw): Promise<Float64Array>;
}
