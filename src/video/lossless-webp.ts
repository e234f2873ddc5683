import type { Channels, Frame, Size } from '../foundation/frame.js';
import { loadSharp } from '../foundation/load-sharp.js';
import { detectImageFormat } from './image-signature.js';

/**
 * Returns a codec of single frames: `encode` makes a lossless WebP file, and `decode` returns its height x width x
 * channels bytes. All frames have this size and number of channels.
 */
export function createWebpCodec(size: Size, channels: Channels) {
  return {
    /** Returns a frame encoded as lossless WebP. */
    async encode({ width, height, channels, data }: Frame): Promise<Uint8Array> {
      const sharp = await loadSharp();
      const picture = sharp(data, { raw: { width, height, channels } });
      return new Uint8Array(await picture.webp({ lossless: true, effort: 6 }).toBuffer());
    },
    /**
     * Decodes a WebP image to height x width x channels bytes. Returns an empty array if `bytes` are not a WebP image
     * or have more pixels than `size`.
     */
    async decode(bytes: Uint8Array): Promise<Uint8Array> {
      if (detectImageFormat(bytes) !== 'webp') return new Uint8Array(0);
      const sharp = await loadSharp();
      try {
        const picture = sharp(bytes, { limitInputPixels: size.width * size.height }).removeAlpha();
        const raw = await (channels === 1 ? picture.extractChannel(0) : picture).raw().toBuffer();
        return new Uint8Array(raw);
      } catch {
        return new Uint8Array(0);
      }
    },
  };
}
