import type { Command } from 'commander';

/** Module of a command: a file of this folder. */
interface CommandModule {
  /** Returns the command; `program` is the program that the command will belong to. */
  createCommand: (program: Command) => Command;
}

/**
 * Loaders of the modules of all commands, in the order of the help. Help, completion and tests of all commands follow
 * from this table. Modules are loaded on demand, so that a command starts quickly.
 */
export const commandModules = {
  train: () => import('./train.js'),
  predict: () => import('./predict.js'),
  surprise: () => import('./surprise.js'),
  encode: () => import('./encode.js'),
  decode: () => import('./decode.js'),
  page: () => import('./page.js'),
  sample: () => import('./sample.js'),
  complete: () => import('./complete.js'),
  'eval-video': () => import('./eval-video.js'),
  'eval-images': () => import('./eval-images.js'),
  report: () => import('./report.js'),
  check: () => import('./check.js'),
  datasets: () => import('./datasets.js'),
  models: () => import('./models.js'),
  doctor: () => import('./doctor.js'),
  backends: () => import('./backends.js'),
  completion: () => import('./completion.js'),
} satisfies Record<string, () => Promise<CommandModule>>;

/** Name of a command. */
type CommandName = keyof typeof commandModules;

/** Names of all commands, in the order of the help. */
export const commandNames = Object.keys(commandModules) as CommandName[];
