#!/usr/bin/env node
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { readPackageInfo } from '../src/foundation/package-folder.js';
import { writeFailure } from '../src/foundation/write-file.js';
import { reportError, throwUsageError } from './action.js';
import { commandModules, commandNames } from './commands.js';
import { isMainProcess } from './join-launched.js';

function exitWith(error: unknown): void {
  process.exit(reportError(error));
}
process.on('uncaughtException', exitWith);
process.on('unhandledRejection', exitWith);
let terminalGone = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      // A reader that closes early, as in `pxv ... | head`, is no failure.
      if (stream === process.stdout) process.exit();
      // If nobody reads stderr any more, for example after a `tee` ended, the work continues.
      return;
    }
    // If the terminal is gone, the results can still be saved.
    if (error.code === 'EIO' && stream.isTTY) terminalGone = true;
    else exitWith(writeFailure('standard output', error, { remedy: 'send it elsewhere' }));
  });
}

const { version, description } = readPackageInfo();
const program = new Command('pxv').description(description).version(version);
// A command needs only its module; help, usage errors and completion need all.
const words = process.argv.slice(2);
const typed = commandNames.filter((name) => name === words[0] && name !== 'completion');
for (const name of typed.length > 0 ? typed : commandNames) {
  const { createCommand } = await commandModules[name]();
  program.addCommand(createCommand(program));
}
program.addHelpText(
  'after',
  `
Examples:
  $ pxv doctor                 what works on this machine
  $ pxv train --help           the options of a command, with examples`,
);
throwUsageError(program);

// commander prints the help of all commands for an unknown one.
const isUnknownTopic = words[0] === 'help' && words.length > 1 && !commandNames.some((name) => name === words[1]);
try {
  await program.parseAsync(isUnknownTopic ? words.slice(1) : words, { from: 'user' });
} catch (error) {
  process.exitCode = reportError(error);
  // A launcher may end all ranks once a rank fails, so the main process prints its error first.
  if (!isMainProcess()) await sleep(2000);
}
// Open handles, such as those of threads or child processes after a failure, must not keep a finished command alive.
// If standard output cannot be written, the error is reported first.
process.stdout.write('', (error) => {
  // Node.js would restore the terminal's settings, and aborts if the terminal is gone.
  if (terminalGone) process.kill(process.pid, 'SIGHUP');
  else if (!error) process.exit();
});
