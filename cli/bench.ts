import { Command } from 'commander';
import { command as kernels } from './bench-kernels.js';
import { command as sample } from './bench-sample.js';
import { command as train } from './bench-train.js';

/** In the order of the help. */
const commands = [train, sample, kernels];

export function command(): Command {
  const bench = new Command('bench').description(
    'measure how fast this machine trains and draws, and where the time goes',
  );
  for (const command of commands) bench.addCommand(command());
  bench.addHelpText(
    'after',
    `
Examples:
  $ pxv bench train --network diagonal-bilstm --hidden 16 --layers 7 --size 28x28 --channels gray --levels 2 --profile
  $ pxv bench sample --network row-lstm --layers 12 --batch 1
  $ pxv bench kernels --threads 1`,
  );
  return bench;
}
