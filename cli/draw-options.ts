import { Option, type Command } from 'commander';
import type { DrawSettings } from '../src/sampling/draw.js';
import { decimalNumber } from './options.js';

/** What `addDrawOptions` and `addFutureOptions` read. */
export interface DrawOptions {
  temperature?: number;
}

/** For commands that draw images from a model. */
export function addDrawOptions(command: Command): Command {
  return addOptions(command, ' (default: 1)');
}

/** For commands that draw futures of clips. */
export function addFutureOptions(command: Command): Command {
  return addOptions(command, ' (default: by the model, see below)').addHelpText(
    'after',
    `
Futures are drawn as the model's file says. Where it says nothing, a mixture about the expected frame is drawn from at a
temperature of 0.95, and the frames after a drawn one are predicted from the expected frame and a quarter of what the
draw has beyond it, so that what was drawn wrong fades. --temperature is that of the first drawn frame; later ones may
be warmer.`,
  );
}

function addOptions(command: Command, ofTemperature: string): Command {
  const words = `below 1: nearer to what is likeliest; 0: the likeliest level everywhere${ofTemperature}`;
  const option = new Option('--temperature <t>', words).argParser(decimalNumber('--temperature', { min: 0 }));
  return command.addOption(option.helpGroup('Drawing:')).addHelpText(
    'after',
    `
--temperature below 1 keeps what is drawn from a mixture near its means, which lie where the model expects the pixel; of other
heads it prefers the likeliest levels.

--temperature 0 shows no typical picture: the likeliest level of one sub-pixel after another leads into flat areas and
repetitions, for what is likeliest in each place is hardly ever seen everywhere at once. It is there to compare.`,
  );
}

/** What was asked for; nothing where the model is to decide. */
export function askedSettings({ temperature }: DrawOptions): Partial<DrawSettings> {
  return temperature === undefined ? {} : { temperature };
}
