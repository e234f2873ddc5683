import sharp, { type Sharp } from 'sharp';
import type { Frame } from '../foundation/frame.js';

/** The ways to encode in each format, of which the one that is smaller over all images counts. */
const encoders: Record<'png' | 'webp', ((image: Sharp) => Sharp)[]> = {
  // An effort would make sharp reduce the colours.
  png: [false, true].map((adaptiveFiltering) => (image) => image.png({ compressionLevel: 9, adaptiveFiltering })),
  webp: [(image) => image.webp({ lossless: true })],
};

/**
 * What images cost as lossless files of their own, headers and all, of 8 bits a sub-pixel: as PNG (with or without
 * filters) and as lossless WebP.
 */
export class FileBaselines {
  private readonly bytes = { png: encoders.png.map(() => 0), webp: encoders.webp.map(() => 0) };
  private dimensions = 0;

  /** Sums are of whole numbers, so images may be added at once, in any order. */
  async add({ width, height, channels, data }: Frame): Promise<void> {
    this.dimensions += data.length;
    const raw = sharp(data, { raw: { width, height, channels } });
    const image = channels === 1 ? raw.toColourspace('b-w') : raw;
    for (const format of ['png', 'webp'] as const)
      for (const [way, encode] of encoders[format].entries()) {
        const { length } = await encode(image.clone()).toBuffer();
        this.bytes[format][way] += length;
      }
  }

  /** In bits per dim; NaN before anything was added. */
  bitsPerDim(format: 'png' | 'webp'): number {
    return (8 * Math.min(...this.bytes[format])) / this.dimensions;
  }
}
