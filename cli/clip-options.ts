import { z } from 'zod';
import type { Size } from '../src/foundation/frame.js';
import type { SizeOptions } from '../src/commands/open-clip-for-model.js';
import { withFlag, positiveInteger, pixelSize, type ParsedOptions } from '../src/foundation/option-fields.js';

/** Help text about the temperature of samples. */
export const ABOUT_TEMPERATURE = `
--temperature below 1 draws closer to the means of a mixture, which lie about the expected frame; with other heads
it prefers the most probable levels.

--temperature 0 takes the most probable level of every sub-pixel. The result is not typical: it leads into flat
areas and repetitions. It serves for comparison.`;

/** Help text about sampling rollouts of clips. */
export const ABOUT_FUTURES = `${ABOUT_TEMPERATURE}

Samples are drawn by the sampling settings in the model's file. Without settings, a mixture about the expected frame
is drawn from at a temperature of 1.02, and later frames are predicted from the expected frame plus a quarter (the
carry) of the draw's deviation from it, so that errors fade. --temperature sets the temperature of the first drawn
frame; it may rise from frame to frame.`;

const group = 'Size:';
/**
 * Returns the option fields `size`, `shortSide` and `fit`, for the flags of commands that run a model at any size.
 * @param byDefault default size, in words, for the help
 */
export const sizeFlags = (byDefault: string) => ({
  size: withFlag(
    pixelSize.optional(),
    'WxH',
    `size of the frames, at which the model then runs (default: ${byDefault})`,
    { group },
  ),
  shortSide: withFlag(positiveInteger.optional(), 'pixels', 'keep the aspect of a clip, with this shorter side', {
    max: 99_999,
    conflicts: ['size', 'fit'],
    group,
  }),
  fit: withFlag(
    z.enum(['crop', 'stretch', 'letterbox']).optional(),
    'name',
    "how a clip of another aspect is fitted to --size, or else to the model's size (default: crop)",
    { group },
  ),
});

/** Help text about `sizeFlags`. */
export const ABOUT_SIZES = `
A model is trained at one size and runs at any other. Motion of more pixels than in its training is harder to
predict. --fit crop scales a clip to cover the size and crops it to the centre; stretch changes its aspect;
letterbox scales it to fit inside the size and keeps its aspect, without bars.`;

/**
 * Returns the size options of the library for parsed `sizeFlags`. The fit `letterbox` becomes the largest size within
 * the box. Returns no size if no size flag is given.
 * @param own size of the model's images, to which clips are scaled if only `fit` is given
 */
export function sizeOptions(
  { size, shortSide, fit }: ParsedOptions<ReturnType<typeof sizeFlags>>,
  own: Size,
): SizeOptions {
  if (shortSide !== undefined) return { size: { shortSide } };
  if (size === undefined && fit === undefined) return {};
  const fixed = size ?? own;
  return fit === 'letterbox' ? { size: { within: fixed } } : { size: fixed, fit };
}
