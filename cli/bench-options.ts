import { Option, type Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { BenchNetwork } from '../src/bench/network.js';
import type { Size } from '../src/frame.js';
import { defaultChoices, networks, type NetworkName } from '../src/model/presets.js';
import { size, wholeNumber } from './options.js';

/** The options that describe the network to measure. */
export interface BenchOptions extends BackendOptions {
  network: NetworkName;
  hidden: number;
  layers: number;
  batch: number;
  size: Size;
  channels: 'rgb' | 'gray' | '3' | '1';
  levels: number;
  headWidth?: number;
}

export function addBenchOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--network <name>', 'kind of network').choices(Object.keys(networks)).default(defaultChoices.network),
    )
    .option('--hidden <h>', 'features inside a layer', wholeNumber('--hidden', 3, 4096), 128)
    .option('--layers <count>', 'layers', wholeNumber('--layers', 1, 100), 15)
    .option('--batch <images>', 'images side by side', wholeNumber('--batch', 1, 4096), 16)
    .addOption(
      new Option('--size <WxH>', 'size of the images in pixels; one number N is NxN')
        .argParser(sizeOrSide)
        .default({ width: 32, height: 32 }, '32x32'),
    )
    .addOption(
      new Option('--channels <name>', 'colours of the images; 3 is rgb, 1 is gray')
        .choices(['rgb', 'gray', '3', '1'])
        .default('rgb'),
    )
    .option('--levels <count>', 'levels of a sub-pixel', wholeNumber('--levels', 2, 256), 256)
    .option('--head-width <features>', 'features before the head (default: 2h)', wholeNumber('--head-width', 3, 16384));
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
