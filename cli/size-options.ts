import { Option, type Command } from 'commander';
import type { Size } from '../src/frame.js';
import type { AskedSize } from '../src/tasks/clip-size.js';
import type { Fit } from '../src/video/index.js';
import { size, wholeNumber } from './options.js';

/** What `addSizeOptions` reads. */
export interface SizeOptions {
  size?: Size;
  shortSide?: number;
  fit?: Fit | 'letterbox';
}

/**
 * For commands that show clips to a model at any size.
 *
 * @param byDefault the size where nothing is asked for, in words
 */
export function addSizeOptions(command: Command, byDefault: string): Command {
  const options = [
    new Option(
      '--size <WxH>',
      `size to bring clips to, which the model then runs at (default: ${byDefault})`,
    ).argParser(size('--size')),
    new Option('--short-side <pixels>', 'keep the aspect of a clip, with this shorter side')
      .argParser(wholeNumber('--short-side', 1, 99_999))
      .conflicts(['size', 'fit']),
    new Option(
      '--fit <name>',
      "how a clip of another aspect is brought to --size, or else to the model's size (default: crop)",
    ).choices(['crop', 'stretch', 'letterbox']),
  ];
  for (const option of options) command.addOption(option.helpGroup('Size:'));
  return command.addHelpText(
    'after',
    `
A model is trained at one size and runs at any other. What moves by more pixels than it has seen is harder to predict.
--fit crop scales a clip to cover the size and cuts it around the centre; stretch distorts it; letterbox keeps all of it
and its aspect, as large as it fits in: there are no bars, which would have to be predicted.`,
  );
}

/** @param own size of the model's images: what `--fit` alone brings clips to */
export function askedSize({ size, shortSide, fit }: SizeOptions, own: Size): AskedSize {
  if (shortSide !== undefined) return { size: { shortSide } };
  if (size === undefined && fit === undefined) return {};
  const fixed = size ?? own;
  return fit === 'letterbox' ? { size: { within: fixed } } : { size: fixed, fit };
}
