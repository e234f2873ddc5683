import type { Sharp } from 'sharp';
import type { Frame } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';

/** Encoders of each format; the encoder with the fewest bytes over all images counts. */
const encoders: Record<'png' | 'webp', ((image: Sharp) => Sharp)[]> = {
  // The option `effort` would make sharp reduce the colours.
  png: [false, true].map((adaptiveFiltering) => (image) => image.png({ compressionLevel: 9, adaptiveFiltering })),
  webp: [(image) => image.webp({ lossless: true })],
};

/**
 * Baselines in bits/dim of lossless image files, headers included, with 8 bits per sub-pixel: PNG and lossless WebP.
 * PNG files are encoded with and without adaptive filters; the way with fewer bytes over all images counts.
 */
export class FileBaselines {
  private readonly bytes = { png: encoders.png.map(() => 0), webp: encoders.webp.map(() => 0) };
  private dimensions = 0;

  /**
   * Adds an image. Images may be added concurrently and in any order, since sums of bytes are exact. Await every `add`
   * before `bitsPerDim` is called.
   */
  async add({ width, height, channels, data }: Frame): Promise<void> {
    this.dimensions += data.length;
    const sharp = await loadSharp();
    const raw = sharp(data, { raw: { width, height, channels } });
    const image = channels === 1 ? raw.toColourspace('b-w') : raw;
    for (const format of ['png', 'webp'] as const)
      for (const [way, encode] of encoders[format].entries()) {
        const { length } = await encode(image.clone()).toBuffer();
        this.bytes[format][way] += length;
      }
  }

  /** Returns the bits/dim of all added images in a format; NaN before the first image. */
  bitsPerDim(format: 'png' | 'webp'): number {
    return (8 * Math.min(...this.bytes[format])) / this.dimensions;
  }
}
