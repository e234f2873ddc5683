import { Option, type Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import type { BenchNetwork } from '../src/bench/network.js';
import type { NetworkName } from '../src/model/presets.js';
import { wholeNumber } from './options.js';

/** The options that describe the network to measure. */
export interface BenchOptions extends BackendOptions {
  network: NetworkName;
  hidden: number;
  layers: number;
  batch: number;
  size: number;
  channels: '1' | '3';
  levels: number;
  headWidth?: number;
}

export function addBenchOptions(command: Command): Command {
  const networks = ['pixel-cnn', 'row-lstm', 'diagonal-bilstm'] as const satisfies readonly NetworkName[];
  return command
    .addOption(new Option('--network <name>', 'kind of network').choices(networks).default('pixel-cnn'))
    .option('--hidden <h>', 'features inside a layer', wholeNumber('--hidden', 3, 4096), 128)
    .option('--layers <count>', 'layers', wholeNumber('--layers', 1, 100), 15)
    .option('--batch <images>', 'images side by side', wholeNumber('--batch', 1, 4096), 16)
    .option('--size <pixels>', 'height and width of the images', wholeNumber('--size', 1, 4096), 32)
    .addOption(new Option('--channels <count>', 'colour channels').choices(['1', '3']).default('3'))
    .option('--levels <count>', 'levels of a sub-pixel', wholeNumber('--levels', 2, 256), 256)
    .option('--head-width <features>', 'features before the head (default: 2h)', wholeNumber('--head-width', 3, 16384));
}

export function benchNetwork({ size, headWidth, ...options }: BenchOptions): BenchNetwork {
  const { network, hidden, layers, levels } = options;
  const channels = options.channels === '1' ? 1 : 3;
  const square = { width: size, height: size };
  return { network, hidden, layers, channels, levels, size: square, headWidth: headWidth ?? 2 * hidden };
}
