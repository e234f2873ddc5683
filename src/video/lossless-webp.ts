import sharp from 'sharp';
import type { Channels, Frame, Size } from '../foundation/frame.js';

/** A picture as WebP without loss. */
export async function encodeWebp({ width, height, channels, data }: Frame): Promise<Uint8Array> {
  const picture = sharp(data, { raw: { width, height, channels } });
  return new Uint8Array(await picture.webp({ lossless: true, effort: 6 }).toBuffer());
}

/** The bytes of a picture that `encodeWebp` has written, of this size and colours; none where it is no such picture. */
export async function decodeWebp(bytes: Uint8Array, size: Size, channels: Channels): Promise<Uint8Array> {
  try {
    // What is larger is never decoded.
    const picture = sharp(bytes, { limitInputPixels: size.width * size.height }).removeAlpha();
    const raw = await (channels === 1 ? picture.extractChannel(0) : picture).raw().toBuffer();
    return new Uint8Array(raw);
  } catch {
    return new Uint8Array(0);
  }
}
