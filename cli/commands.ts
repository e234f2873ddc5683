import type { Command } from 'commander';
import type { CommandName } from '../src/capabilities.js';

/** Module of a command: a file of this folder. */
interface CommandModule {
  /** Returns the command; `program` is the program that the command will belong to. */
  createCommand: (program: Command) => Command;
}

/**
 * Loaders of the modules of all commands, by name. Types compare them with `capabilities`: a command without a loader,
 * a loader without a command, and a module that is missing or creates no command do not compile.
 */
export const commandModules: Readonly<Record<CommandName | 'completion', () => Promise<CommandModule>>> = {
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
};
