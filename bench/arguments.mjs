// Arguments of the programs in this folder. The comment at the top of a program is its help.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

// Errors that the user can act on are one line, as those of pxv.
process.on('uncaughtException', (error) => {
  console.error(error.name === 'PxvError' ? error.message : error);
  process.exit(error.code === 'USAGE' ? 2 : 1);
});

/**
 * Parses the arguments of the program that runs. Prints its help and exits if --help is among them. Exits by
 * `refuseArguments` if an option is unknown or lacks its value, or if there are too few or too many arguments.
 * @param options options as `parseArgs` of Node.js takes them
 * @param positionals minimum and maximum number of arguments that are no options; default: none
 */
export function parseArguments({ options = {}, positionals: [least, most] = [0, 0] }) {
  const found = readArguments({ ...options, help: { type: 'boolean' } });
  if (found.values.help) {
    console.log(help());
    process.exit();
  }
  const { length } = found.positionals;
  if (length < least) refuseArguments(`expected ${least} or more arguments, received ${length}`);
  if (length > most) refuseArguments(`expected at most ${most} arguments, received ${length}`);
  return found;
}

/** Prints to stderr, in one line, what is wrong and where the help of the program that runs is. Exits with 2. */
export function refuseArguments(problem) {
  console.error(`${problem}; see node bench/${basename(process.argv[1])} --help`);
  process.exit(2);
}

/** Returns the option `name` of `values` as a whole number. Exits by `refuseArguments` if it is none from `least`. */
export function wholeNumber(values, name, least = 1) {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= least) return number;
  return refuseArguments(`--${name}: expected a whole number from ${least}, received ${values[name]}`);
}

function readArguments(options) {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return refuseArguments(error.message.replace(/\. .*$/s, ''));
  }
}

/** Returns the comment at the top of the program that runs. */
function help() {
  const lines = readFileSync(process.argv[1], 'utf8').split('\n');
  const comment = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  return comment.map((line) => line.replace(/^\/\/ ?/, '')).join('\n');
}
