import sharp, { type Sharp } from 'sharp';
import type { Frame } from '../foundation/frame.js';

/** An effort for PNG would make sharp reduce the colours. */
const encoders: Record<string, { format: 'png' | 'webp'; encode: (image: Sharp) => Sharp }> = {
  png: { format: 'png', encode: (image) => image.png({ compressionLevel: 9 }) },
  filteredPng: { format: 'png', encode: (image) => image.png({ compressionLevel: 9, adaptiveFiltering: true }) },
  webp: { format: 'webp', encode: (image) => image.webp({ lossless: true }) },
};

/**
 * What images cost as lossless files of their own, headers and all, of 8 bits a sub-pixel: as PNG (with or without
 * filters, whichever is smaller over all images) and as lossless WebP.
 */
export class FileBaselines {
  private readonly bytes: Record<string, number> = {};
  private dimensions = 0;

  /** Sums are of whole numbers, so images may be added at once, in any order. */
  async add({ width, height, channels, data }: Frame): Promise<void> {
    this.dimensions += data.length;
    const raw = sharp(data, { raw: { width, height, channels } });
    const image = channels === 1 ? raw.toColourspace('b-w') : raw;
    for (const [name, { encode }] of Object.entries(encoders)) {
      const { length } = await encode(image.clone()).toBuffer();
      this.bytes[name] = (this.bytes[name] ?? 0) + length;
    }
  }

  /** In bits per dim; Infinity before anything was added. */
  bitsPerDim(format: 'png' | 'webp'): number {
    const names = Object.keys(encoders).filter((name) => encoders[name].format === format);
    return (8 * Math.min(...names.map((name) => this.bytes[name] ?? Infinity))) / this.dimensions;
  }
}
