import type { Frame } from '../foundation/frame.js';
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
 * @param open gives the clip's frames at the model's size and levels, anew at each call
 * @param dimensions sub-pixels of all frames but the first
 * @param onFailure called with why a codec has no figure, in one line
 */
export async function scoreCodecs(
  open: () => AsyncIterable<Frame>,
  dimensions: number,
  onFailure: (codec: LosslessCodec, failure: string) => void,
  signal?: AbortSignal,
): Promise<CodecScore> {
  const bitsPerDim: Partial<CodecScore['bitsPerDim']> = {};
  for (const codec of losslessCodecs) {
    const { bytes, failure } = await losslessSize(codec, open(), signal);
    if (failure !== null) onFailure(codec, failure);
    bitsPerDim[codec] = bytes === null ? null : (8 * bytes) / dimensions;
  }
  const known = Object.values(bitsPerDim).filter((bits) => bits !== null);
  return {
    bitsPerDim: bitsPerDim as CodecScore['bitsPerDim'],
    best: known.length === 0 ? null : Math.min(...known),
  };
}
