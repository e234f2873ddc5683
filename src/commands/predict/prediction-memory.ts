import { pluralize } from '../../foundation/pluralize.js';
import type { Model } from '../../model/model.js';
import { gifMemory, videoFrameSize, type OutputKind } from '../../video/index.js';
import { ClipAdaptation } from '../../evaluation/clip-adaptation.js';
import { assertDrawingMemory, assertMemory } from '../../memory/memory-limits.js';
import { estimateDrawingMemory } from '../../memory/estimate-memory.js';
import type { FrameRange } from './frame-range.js';
import type { PredictionOptions } from './prediction.js';

/** Options that decide how much memory a prediction takes. */
interface MemoryOptions extends Pick<PredictionOptions, 'adapt' | 'samples' | 'forecast'> {
  /** Kind of output. */
  kind: OutputKind;
  /** True for frames without labels and borders. */
  plain: boolean;
  /** Output pixels per pixel of a frame. */
  scale: number;
}

/**
 * Checks that the memory suffices for a prediction. All predicted frames are held in memory. Frames are enlarged one at
 * a time, or all at once for a contact sheet. A GIF, whose palette covers all frames, an array and a plain contact
 * sheet also hold the known frames.
 * @param model model at the size of the frames
 * @throws PxvError `RESOURCES` if the estimated peak memory exceeds the available memory; `USAGE` if PXV_MEMORY is
 *   invalid
 */
export function assertPredictionMemory(
  model: Model,
  { horizon, hasTruth, shown, estimatedKnown }: FrameRange,
  { adapt, samples, forecast, kind, plain, scale }: MemoryOptions,
): void {
  const { size, channels } = model.chain.exampleShape;
  const adaptation = new ClipAdaptation(adapt);
  const enlarged = scale ** 2 * (kind === 'png' ? horizon : 1);
  assertDrawingMemory(model, {
    operation: 'predict',
    samples,
    option: '--samples',
    atAnySize: true,
    batchOf: (count) => adaptation.batchSize(count),
    heldBytes: (count, frame) => (count * (horizon + enlarged) + adaptation.keptFrames) * frame,
  });
  const holdsAll = kind === 'gif' || kind === 'npy' || (kind === 'png' && plain);
  if (!holdsAll) return;
  const known = Math.min(shown, estimatedKnown ?? Infinity);
  const frames = horizon + (known === Infinity ? 0 : known);
  const panels = (forecast === 'samples' ? samples : 1) + (hasTruth ? 1 : 0);
  const sheet = frames * panels * channels * size.width * size.height * (1 + scale ** 2);
  const held = kind === 'gif' ? gifMemory(frames, videoFrameSize(panels, size, scale, plain)) : sheet;
  const bytes = estimateDrawingMemory(model.chain, adaptation.batchSize(samples)) + held;
  const what = `${pluralize(frames, 'frame')}, which are held until the last is there`;
  const remedy = `write an mp4 or webm${known === 0 ? '' : ', or show fewer known frames: --known-frames 0'}`;
  assertMemory('predict', kind, bytes, what, remedy);
}
