import type { Frame } from '../foundation/frame.js';
import { losslessCodecs, losslessSize, type LosslessCodec } from '../video/index.js';

/** What lossless codecs need for the frames of a clip but the first, in bits per dim. */
export interface CodecScore {
  /** Null where FFmpeg lacks a codec, or it did not give the frames back. */
  bitsPerDim: Record<LosslessCodec, number | null>;
  /** The least of them; null where there is none. */
  best: number | null;
}

export interface CodecHooks {
  /** Called with how many frames were compressed, over all codecs. */
  onFrame: (frames: number) => void;
  /** Called with why a codec has no figure, in one line. */
  onFailure: (codec: LosslessCodec, failure: string) => void;
  signal: AbortSignal | undefined;
}

/**
 * Compresses the frames that a model is scored on with every lossless codec.
 * @param open gives the clip's frames at the model's size and levels, again at each call
 * @param dimensions sub-pixels of all frames but the first
 */
export async function scoreCodecs(
  open: () => AsyncIterable<Frame>,
  dimensions: number,
  { onFrame, onFailure, signal }: CodecHooks,
): Promise<CodecScore> {
  let frames = 0;
  async function* counted() {
    for await (const frame of open()) {
      onFrame(++frames);
      yield frame;
    }
  }
  const bitsPerDim: Partial<CodecScore['bitsPerDim']> = {};
  for (const codec of losslessCodecs) {
    const { bytes, failure } = await losslessSize(codec, counted(), signal);
    if (failure !== null) onFailure(codec, failure);
    bitsPerDim[codec] = bytes === null ? null : (8 * bytes) / dimensions;
  }
  const known = Object.values(bitsPerDim).filter((bits) => bits !== null);
  const best = known.length === 0 ? null : Math.min(...known);
  return { bitsPerDim: bitsPerDim as CodecScore['bitsPerDim'], best };
}
