import { z } from 'zod';
import type { Size } from '../src/foundation/frame.js';
import type { SizeOptions } from '../src/clips/open-clip-for-model.js';
import { withFlag, positiveInteger, pixelSize, type ParsedOptions } from '../src/options/fields.js';

/** Help text about sampling images. */
export const ABOUT_TEMPERATURE = `
--temperature below 1 keeps what is drawn from a mixture near its means, which lie where the model expects the pixel; of
other heads it prefers the likeliest levels.

--temperature 0 shows no typical picture: the likeliest level of one sub-pixel after another leads into flat areas and
repetitions, for what is likeliest in each place is hardly ever seen everywhere at once. It is there to compare.`;

/** Help text about sampling rollouts of clips. */
export const ABOUT_FUTURES = `${ABOUT_TEMPERATURE}

Futures are drawn as the model's file says. Where it says nothing, a mixture about the expected frame is drawn from at a
temperature of 0.95, and the frames after a drawn one are predicted from the expected frame and a quarter of what the
draw has beyond it, so that what was drawn wrong fades. --temperature is that of the first drawn frame; later ones may
be warmer.`;

const group = 'Size:';
/** Returns the size flags of commands that run a model at any clip size. @param byDefault default size, in words */
export const sizeFlags = (byDefault: string) => ({
  size: withFlag(
    pixelSize.optional(),
    'WxH',
    `size to bring clips to, which the model then runs at (default: ${byDefault})`,
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
    "how a clip of another aspect is brought to --size, or else to the model's size (default: crop)",
    { group },
  ),
});

/** Help text about `sizeFlags`. */
export const ABOUT_SIZES = `
A model is trained at one size and runs at any other. What moves by more pixels than it has seen is harder to predict.
--fit crop scales a clip to cover the size and cuts it around the centre; stretch distorts it; letterbox keeps all of it
and its aspect, as large as it fits in: there are no bars, which would have to be predicted.`;

/**
 * Returns the size options of the library for parsed `sizeFlags`.
 * @param own size of the model's images, which clips are brought to if `fit` alone is given
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
