import { Option, type Command } from 'commander';
import { z } from 'zod';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { BenchNetwork } from '../src/bench/network.js';
import type { Size } from '../src/foundation/frame.js';
import { defaultChoices, networkChoice } from '../src/model/presets.js';
import { asked, count, type Parsed } from '../src/tasks/options/fields.js';
import { addFields, size, wholeNumber } from './options.js';

const network = {
  network: asked(networkChoice.default(defaultChoices.network), 'name', 'kind of network'),
  hidden: asked(count.min(3).default(128), 'h', 'features inside a layer', { most: 4096 }),
  layers: asked(count.default(15), 'count', 'layers', { most: 100 }),
  batch: asked(count.default(16), 'images', 'images side by side', { most: 4096 }),
  channels: asked(
    z.enum(['rgb', 'gray', '3', '1']).default('rgb'),
    'name',
    'colours of the images; 3 is rgb, 1 is gray',
  ),
  levels: asked(count.min(2).default(256), 'count', 'levels of a sub-pixel', { most: 256 }),
  headWidth: asked(count.min(3).optional(), 'features', 'features before the head (default: 2h)', { most: 16384 }),
};

/** The options that describe the network to measure. */
export interface BenchOptions extends Parsed<typeof network>, BackendOptions {
  size: Size;
}

export function addBenchOptions(command: Command): Command {
  return addFields(command, network).addOption(
    new Option('--size <WxH>', 'size of the images in pixels; one number N is NxN')
      .argParser(sizeOrSide)
      .default({ width: 32, height: 32 }, '32x32'),
  );
}

/** A size as of `pxv train`, or the side of a square. */
function sizeOrSide(text: string): Size {
  if (text.includes('x')) return size('--size')(text);
  const side = wholeNumber('--size', 1, 4096)(text);
  return { width: side, height: side };
}

export function benchNetwork({ network, hidden, layers, size, levels, ...options }: BenchOptions): BenchNetwork {
  const channels = ['gray', '1'].includes(options.channels) ? 1 : 3;
  return { network, hidden, layers, channels, levels, size, headWidth: options.headWidth ?? 2 * hidden };
}
