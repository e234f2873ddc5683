import type { Frame } from '../frame.js';
import { byteOf, levelOf } from '../levels.js';
import { losslessCodecs, losslessSize, type LosslessCodec } from '../video/index.js';

/** What lossless codecs need for the frames of a clip but the first, in bits per dim. */
export interface CodecScore {
  /** Null where FFmpeg lacks a codec, or it did not give the frames back. */
  bitsPerDim: Record<LosslessCodec, number | null>;
  /** The least of them; null where there is none. */
  best: number | null;
}

/**
 * Compresses the frames that a model is scored on with every lossless codec.
 *
 * @param open gives the clip's frames at the model's size, anew at each call
 * @param levels those of the model: with fewer than 256 the frames are brought to the bytes that show them
 * @param dimensions sub-pixels of all frames but the first
 * @param onFailure told why a codec has no figure, in one line
 */
export async function scoreCodecs(
  open: () => Promise<AsyncIterable<Frame>>,
  levels: number,
  dimensions: number,
  onFailure: (codec: LosslessCodec, failure: string) => void,
  signal?: AbortSignal,
): Promise<CodecScore> {
  const shown = Uint8Array.from({ length: 256 }, (_, byte) => byteOf(levelOf(byte, levels), levels));
  const bitsPerDim: Partial<CodecScore['bitsPerDim']> = {};
  for (const codec of losslessCodecs) {
    const { bytes, failure } = await losslessSize(codec, atLevels(await open(), shown), signal);
    if (failure !== null) onFailure(codec, failure);
    bitsPerDim[codec] = bytes === null ? null : (8 * bytes) / dimensions;
  }
  const known = Object.values(bitsPerDim).filter((bits) => bits !== null);
  return {
    bitsPerDim: bitsPerDim as CodecScore['bitsPerDim'],
    best: known.length === 0 ? null : Math.min(...known),
  };
}

async function* atLevels(frames: AsyncIterable<Frame>, shown: Uint8Array): AsyncGenerator<Frame, void> {
  for await (const frame of frames) yield { ...frame, data: frame.data.map((byte) => shown[byte]) };
}
