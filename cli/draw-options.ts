import { Option, type Command } from 'commander';
import type { DrawSettings } from '../src/sampling/draw.js';
import { WARMEST, type FutureSettings } from '../src/sampling/future-settings.js';
import { decimalNumber } from './options.js';

/** What `addDrawOptions` reads. */
export interface DrawOptions {
  temperature: number;
  topP: number;
  componentTemperature?: number;
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
    new Option('--component-temperature <t>', 'of a mixture: below 1 nearer to one of its means').argParser(
      decimalNumber('--component-temperature', { min: 0, above: true }),
    ),
    new Option('--mode', 'take the likeliest level everywhere, as --temperature 0 does (see below)').conflicts([
      'temperature',
      'topP',
    ]),
  ];
  for (const option of options) command.addOption(option.helpGroup('Drawing:'));
  return command.addHelpText(
    'after',
    `
--component-temperature below 1 keeps what is drawn near the means of a mixture, which lie where the model expects the pixel;
--temperature below 1 prefers the likeliest level, in compressed clips 'exactly as before', and so freezes a prediction.

--mode shows no typical picture: the likeliest level of one sub-pixel after another leads into flat areas and
repetitions, for what is likeliest in each place is hardly ever seen everywhere at once. It is there to compare.`,
  );
}

export function drawSettings({ temperature, topP, componentTemperature, mode }: DrawOptions): DrawSettings {
  const asked = componentTemperature === undefined ? {} : { componentTemperature };
  return { ...(mode ? { temperature: 0, topP: 1 } : { temperature, topP }), ...asked };
}

/** What `addFutureOptions` reads. */
export interface FutureOptions extends DrawOptions {
  noise?: number;
  componentWarming?: number;
  carry?: number;
}

/** For commands that draw futures of clips. */
export function addFutureOptions(command: Command): Command {
  addDrawOptions(command);
  const options = [
    new Option(
      '--noise <levels>',
      'strength of the noise that the network is told of in drawn frames (default: 0)',
    ).argParser(decimalNumber('--noise', { min: 0, max: 255 })),
    new Option(
      '--component-warming <t>',
      `how much the component temperature rises from frame to frame, as far as ${WARMEST} (default: by the model, see below)`,
    ).argParser(decimalNumber('--component-warming', { min: 0, max: 1 })),
    new Option(
      '--carry <share>',
      'what later frames are predicted from: 0 the expected frame, 1 the drawn one, or between (default: by the model, see below)',
    ).argParser(decimalNumber('--carry', { min: 0, max: 1 })),
  ];
  for (const option of options) command.addOption(option.helpGroup('Drawing:'));
  return command.addHelpText(
    'after',
    `
A mixture about the expected frame is drawn from with the --component-temperature that the model's file names, or one a little below
1; the lower it is, the cleaner. The frames after a drawn one are predicted from the expected frame and a quarter of what
the draw has beyond it (--carry 0.25), so that what was drawn wrong fades; --component-warming 0.035 keeps them moving. As the model is scored:
--component-temperature 1 --component-warming 0 --carry 1. Then errors grow from frame to frame. Told of noise (--noise 2), the model
moves less.`,
  );
}

export function futureSettings({ noise, componentWarming, carry, ...options }: FutureOptions): Partial<FutureSettings> {
  return {
    ...drawSettings(options),
    ...(noise !== undefined && { noise }),
    ...(componentWarming !== undefined && { componentWarming }),
    ...(carry !== undefined && { carry }),
  };
}
