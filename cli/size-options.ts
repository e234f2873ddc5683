import { z } from 'zod';
import type { Size } from '../src/foundation/frame.js';
import type { AskedSize } from '../src/tasks/clip-for-model.js';
import { asked, count, pixels, type Parsed } from '../src/tasks/options/fields.js';

const group = 'Size:';
/** Of commands that show clips to a model at any size. @param byDefault the size where nothing is asked for, in words */
export const sizeFlags = (byDefault: string) => ({
  size: asked(
    pixels.optional(),
    'WxH',
    `size to bring clips to, which the model then runs at (default: ${byDefault})`,
    { group },
  ),
  shortSide: asked(count.optional(), 'pixels', 'keep the aspect of a clip, with this shorter side', {
    most: 99_999,
    conflicts: ['size', 'fit'],
    group,
  }),
  fit: asked(
    z.enum(['crop', 'stretch', 'letterbox']).optional(),
    'name',
    "how a clip of another aspect is brought to --size, or else to the model's size (default: crop)",
    { group },
  ),
});

/** What the help says of them. */
export const ABOUT_SIZES = `
A model is trained at one size and runs at any other. What moves by more pixels than it has seen is harder to predict.
--fit crop scales a clip to cover the size and cuts it around the centre; stretch distorts it; letterbox keeps all of it
and its aspect, as large as it fits in: there are no bars, which would have to be predicted.`;

/** @param own size of the model's images: what `--fit` alone brings clips to */
export function askedSize({ size, shortSide, fit }: Parsed<ReturnType<typeof sizeFlags>>, own: Size): AskedSize {
  if (shortSide !== undefined) return { size: { shortSide } };
  if (size === undefined && fit === undefined) return {};
  const fixed = size ?? own;
  return fit === 'letterbox' ? { size: { within: fixed } } : { size: fixed, fit };
}
