import { tf } from '../foundation/tfjs.js';
import { scoreFrames } from '../evaluation/frame-likelihoods.js';
import { bitsPerPixel } from '../evaluation/scoring.js';
import { errorFactory } from '../foundation/errors.js';
import type { Frame, IndexedFrame } from '../foundation/frame.js';
import { pluralize } from '../foundation/pluralize.js';
import { levelsToBytes, quantizeFrames, type ImageShape } from '../foundation/levels.js';
import { resizeModel } from '../model/resize-model.js';
import { countSubPixels } from '../model/chain.js';
import { expectsFrame } from '../model/description.js';
import { toTensors, type Model } from '../model/model.js';

/** Frame of a source with its exact cost: -log2 of its likelihood, given the context frames. */
export interface FrameCost {
  /** 0-based index in the source; at least 1, as the first frame has no context frames. */
  index: number;
  /** Number of frames of the source that directly precede the frame: `index`, unless frames are missing. */
  preceding: number;
  /** Frame, quantized to the model's levels. */
  frame: Frame;
  /** Expected frame, predicted from the context frames; null if the model predicts none. */
  expected: Frame | null;
  /** Cost of the frame, in bits/dim. */
  bits: number;
  /** Bits of each pixel, summed over channels, height x width. */
  map: Float64Array;
}

/** Frames in order, as they come. @inline */
export type FrameSequence = AsyncIterable<Frame | IndexedFrame> | Iterable<Frame | IndexedFrame>;

/** Returns true if all context frames of a frame exist. */
export function hasContext({ chain }: Model, { preceding }: FrameCost): boolean {
  return preceding >= chain.exampleShape.context;
}

/**
 * Yields each frame of a source but the first, with its cost in bits. With option `from`, yields only the frames after
 * `from.index`.
 *
 * @param trained video model; the frames may have any size
 * @param frames as of `scoreAnomalies`
 * @param options `batch`: batch size, default 1; no cost depends on it
 * @throws PxvError `INPUT` if a frame has another shape; `USAGE` if no backend was chosen; the signal's reason if
 *   aborted
 */
export async function* frameCosts(
  trained: Model,
  frames: FrameSequence,
  options: {
    batch?: number | undefined;
    from?: { index: number } | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): AsyncGenerator<FrameCost, void> {
  const { batch = 1, from, signal } = options;
  const source = (
    Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]()
  ) as AsyncIterator<Frame>;
  const first = await source.next();
  if (first.done) return;
  const model = modelFor(trained, first.value);
  const { chain } = model;
  const seen = from?.index ?? 0;
  // The context frames of the next frame are read again.
  const start = Math.max(0, seen + 1 - chain.exampleShape.context);
  async function* all() {
    if (start === 0) yield first.value as Frame;
    for (let at = 1; at < start; at++) await source.next();
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  }
  const weights = toTensors(model.weights, chain.parameters);
  let last = start;
  let preceding = start;
  try {
    const levels = quantizeFrames(all(), chain.exampleShape.levels);
    const scored = scoreFrames(chain, weights, levels, { batch, signal });
    for await (const { index: counted, frame, nats, anchors } of scored) {
      const index = 'index' in frame ? (frame as IndexedFrame).index : start + counted;
      preceding = index === last + 1 ? preceding + 1 : 0;
      last = index;
      if (index <= seen) continue;
      const map = bitsPerPixel(chain, nats);
      const bits = map.reduce((sum, value) => sum + value, 0) / countSubPixels(chain);
      const expected = expectsFrame(model) ? { ...frame, data: nearestBytes(chain.exampleShape, anchors[0]) } : null;
      yield { index, preceding, frame, expected, map, bits };
    }
  } finally {
    tf.dispose(weights);
    await source.return?.();
  }
}

/** Returns an anchor as bytes: rounded to the nearest levels. */
function nearestBytes(shape: ImageShape, anchor: Float32Array): Uint8Array {
  const most = shape.levels - 1;
  const levels = Uint8Array.from(anchor, (level) => Math.round(Math.min(Math.max(level, 0), most)));
  return levelsToBytes(shape, levels);
}

function modelFor(model: Model, { width, height, channels }: Frame): Model {
  const wanted = model.chain.exampleShape.channels;
  if (channels === wanted) return resizeModel(model, { width, height });
  const remedy = "give frames of the model's colours";
  throw errorFactory('INPUT', 'find anomalies')('frame', pluralize(wanted, 'channel'), `${channels}`, remedy);
}
