#!/usr/bin/env node
import { Command } from 'commander';
import { command as backends } from './backends.js';
import { command as bench } from './bench.js';
import { command as check } from './check.js';
import { command as complete } from './complete.js';
import { command as completion } from './completion.js';
import { command as datasets } from './datasets.js';
import { command as decode } from './decode.js';
import { command as doctor } from './doctor.js';
import { command as encode } from './encode.js';
import { command as models } from './models.js';
import { command as evalImages } from './eval-images.js';
import { command as evalVideo } from './eval-video.js';
import { command as page } from './page.js';
import { command as predict } from './predict.js';
import { command as report } from './report.js';
import { command as surprise } from './surprise.js';
import { command as sample } from './sample.js';
import { packageFacts } from '../src/foundation/package-folder.js';
import { writeFailure } from '../src/foundation/write-file.js';
import { command as train } from './train.js';
import { reportError, throwWrongUsage } from './action.js';

/** In the order of the help. A command's file imports what it computes with inside its action, so that help is quick. */
const commands = [
  train,
  predict,
  surprise,
  encode,
  decode,
  page,
  sample,
  complete,
  evalVideo,
  evalImages,
  report,
  check,
  datasets,
  models,
  bench,
  doctor,
  backends,
];

function exitWith(error: unknown): void {
  process.exit(reportError(error));
}
process.on('uncaughtException', exitWith);
process.on('unhandledRejection', exitWith);
let terminalGone = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      // A reader that has seen enough, as in `pxv ... | head`, is no failure.
      if (stream === process.stdout) process.exit();
      // Where nobody reads what is said on the way, as once a `tee` is gone, the work goes on to its end.
      return;
    }
    // Where the terminal is gone, what was worked out can still be saved.
    if (error.code === 'EIO' && stream.isTTY) terminalGone = true;
    else exitWith(writeFailure('standard output', error, { remedy: 'send it elsewhere' }));
  });
}

const { version, description } = packageFacts();
const program = new Command('pxv').description(description).version(version);
for (const command of commands) program.addCommand(command());
program.addCommand(completion(program));
program.addHelpText(
  'after',
  `
Examples:
  $ pxv doctor                 what works on this machine
  $ pxv train --help           the options of a command, with examples`,
);
throwWrongUsage(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
// Open handles, such as those of threads or child processes after a failure, must not keep a finished command alive.
// Where standard output takes nothing, its error is told first.
process.stdout.write('', (error) => {
  // Node would put the terminal back as it was, and aborts where it is gone.
  if (terminalGone) process.kill(process.pid, 'SIGHUP');
  else if (!error) process.exit();
});
