import { Option, type Command } from 'commander';
import type { DrawSettings } from '../src/sampling/draw.js';
import { decimalNumber } from './options.js';

/** What `addDrawOptions` reads. */
export interface DrawOptions {
  temperature: number;
  topP: number;
  mode?: boolean;
}

/** For commands that draw from a model. */
export function addDrawOptions(command: Command): Command {
  const options = [
    new Option('--temperature <t>', 'below 1: nearer to the likeliest levels')
      .argParser(decimalNumber('--temperature', { min: 0 }))
      .default(1),
    new Option('--top-p <p>', 'draw among the likeliest levels only')
      .argParser(decimalNumber('--top-p', { min: 0, above: true, max: 1 }))
      .default(1),
    new Option('--mode', 'take the likeliest level everywhere, as --temperature 0 does (see below)').conflicts([
      'temperature',
      'topP',
    ]),
  ];
  for (const option of options) command.addOption(option.helpGroup('Drawing:'));
  return command.addHelpText(
    'after',
    `
--mode shows no typical picture: the likeliest level of one sub-pixel after another leads into flat areas and
repetitions, for what is likeliest in each place is hardly ever seen everywhere at once. It is there to compare.`,
  );
}

export function drawSettings({ temperature, topP, mode }: DrawOptions): DrawSettings {
  return mode ? { temperature: 0, topP: 1 } : { temperature, topP };
}
