import type { ExampleShape } from '../../conditioning/context/examples.js';
import { HistogramBaseline, levelDifferences, uniformBitsPerDim } from '../../evaluation/baselines.js';
import type { Frame } from '../../foundation/frame.js';
import { frameBytes } from '../../foundation/levels.js';
import type { ClipStore } from '../../training/random-frames.js';
import type { ClipTail } from '../../training/validation.js';
import type { ClipDataInfo } from './options.js';

/**
 * Returns the baselines of held-out frames in bits/dim: that of uniform levels, and that of the previous frame as a
 * predictor, each clip with the same weight. The latter is null if nothing is held out.
 */
export function clipBaselines(
  shape: ExampleShape,
  store: Pick<ClipStore, 'clips' | 'read'>,
  parts: readonly ClipTail[],
): ClipDataInfo['baselines'] {
  const uniform = uniformBitsPerDim(shape.levels);
  if (parts.length === 0) return { uniform, 'previous-frame': null };
  const { size, channels } = shape;
  const frame = (): Frame => ({ ...size, channels, data: new Uint8Array(frameBytes(shape)) });
  let previous = frame();
  let current = frame();
  const bits = parts.map(({ clip, from }) => {
    const baseline = new HistogramBaseline(1, shape.levels);
    for (let index = from - 1; index < store.clips[clip].frames; index++) {
      store.read(clip, index, 1, current.data);
      if (index >= from) baseline.add(levelDifferences(previous, current, shape.levels));
      [previous, current] = [current, previous];
    }
    return baseline.bitsPerDim;
  });
  return { uniform, 'previous-frame': bits.reduce((sum, value) => sum + value, 0) / parts.length };
}
