import { existsSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { PxvError } from '../src/foundation/errors.js';
import { exitCodes, listenForInterrupt } from './interrupt.js';
import { escapeControlCharacters } from '../src/foundation/control-characters.js';
import { Progress } from './progress.js';
import { isMainProcess, joinLaunched } from './join-launched.js';
import type { ProcessGroup } from '../src/distributed/process-group.js';

/** Context of a command's action, besides its arguments and options. */
export interface CommandContext {
  /** Signal that is aborted if the user interrupts; its reason is a `PxvError` with the code `INTERRUPTED`. */
  signal: AbortSignal;
  /** Progress display of the command. */
  progress: Progress;
  /** Processes that share the work; a single process if the command cannot share its work. */
  processGroup: ProcessGroup;
  /**
   * Makes the message that is printed on an interruption say that results are saved. Call as soon as an interruption
   * would save some.
   */
  markSaving: () => void;
}

/** Result of a command, as text for people and as a JSON object for programs (`--json`). */
export interface CommandResult {
  /** Text, or its lines; lines that are `false` are skipped. */
  text: string | readonly (string | false)[];
  /** Object that `--json` prints. */
  json: object;
  /** Stream to print to. Default: stdout. A command that writes its result to stdout gives stderr. */
  stream?: NodeJS.WritableStream;
  /** True to exit with the failure code: a part of the work could not be done, or a check failed. */
  failed?: boolean;
  /** True to exit with the alarm code: an anomaly has reached the threshold that the user gave. */
  isAlarm?: boolean;
}

/**
 * Returns a handler for commander that runs `action`, prints the result and sets the exit code. `action` receives a
 * context, then the command's arguments, then the command's options. The handler rejects with the errors of
 * `joinLaunched` and of `action`, which main.ts reports. In a process group, only the main process prints and handles
 * interrupts.
 * @param shares true if the ranks of a launcher can share the work; default: false
 */
export function run<Given extends unknown[]>(
  action: (work: CommandContext, ...given: Given) => Promise<CommandResult>,
  { shares = false } = {},
) {
  return async (...given: [...Given, Command]): Promise<void> => {
    const command = given.pop() as Command;
    const { json, quiet } = command.opts<{ json?: boolean; quiet?: boolean }>();
    const processGroup = await joinLaunched(pathOf(command), shares);
    const progress = new Progress(quiet || !processGroup.isMainProcess ? { write: () => true } : process.stderr);
    const interrupt = listenForInterrupt(progress, pathOf(command));
    try {
      const { markSaving } = interrupt;
      const signal = processGroup.isMainProcess ? interrupt.signal : new AbortController().signal;
      const report = await action({ signal, progress, processGroup, markSaving }, ...(given as unknown as Given));
      progress.close();
      await processGroup.leave();
      if (!processGroup.isMainProcess) return;
      const { stream = process.stdout, failed = false, isAlarm = false } = report;
      const lines = [report.text].flat().filter((line) => line !== false);
      stream.write(`${json ? toJson(report.json) : escapeControlCharacters(lines.join('\n').trimEnd())}\n`);
      if (isAlarm) process.exitCode = exitCodes.alarm;
      if (failed) process.exitCode = exitCodes.failed;
      if (signal.aborted) process.exitCode = exitCodes.interrupted;
    } catch (error) {
      await processGroup.fail(line(error));
      throw error;
    } finally {
      progress.close();
      interrupt.close();
    }
  };
}

/**
 * Makes a command and its subcommands throw usage errors of commander as one line that ends with a reference to the
 * help. Without `throwUsageError`, commander prints the error and ends the process.
 * @param path command as typed, with its parent commands, such as `pxv datasets get`
 */
export function throwUsageError(command: Command, path = command.name()): void {
  command.configureOutput({ outputError: () => {} });
  command.exitOverride(({ exitCode, code, message }) => {
    const oneLine = message
      .replace(/^error: /, '')
      .replace(/\.?\s*\n\s*/g, ' ')
      .replace(/\.$/, '');
    throw new CommanderError(exitCode, code, `${oneLine}${fileHint(oneLine)}; see ${path} --help`);
  });
  for (const below of command.commands) throwUsageError(below, `${path} ${below.name()}`);
}

/** Returns a hint for a file whose name starts like a flag, or an empty string. */
function fileHint(message: string): string {
  const [, word] = /^unknown option '(-.+)'/.exec(message) ?? [];
  return word !== undefined && existsSync(word) ? ` (for the file of this name write ./${word})` : '';
}

/**
 * Writes one line about the error to stderr, and the stack if PXV_DEBUG is set. Returns the exit code (see
 * `exitCodes`). Errors of the class `PxvError` occur in all ranks, so only the main process writes them.
 */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    // Without a command, commander has already printed the help to stderr.
    if (error.code !== 'commander.help' && isMainProcess()) process.stderr.write(`pxv: ${error.message}\n`);
    return exitCodes.usage;
  }
  if (isMainProcess() || !(error instanceof PxvError))
    process.stderr.write(`pxv: ${escapeControlCharacters(line(error))}\n`);
  if (process.env.PXV_DEBUG && error instanceof Error) process.stderr.write(`${stack(error)}\n`);
  if (error instanceof PxvError && error.code === 'USAGE') return exitCodes.usage;
  if (error instanceof PxvError && error.code === 'INTERRUPTED') return exitCodes.interrupted;
  return exitCodes.failed;
}

/** Version of the objects that `--json` prints (docs/json.md), increased if a key is removed or changes its meaning. */
const JSON_VERSION = 2;

/** Returns the JSON text of a result. A seed is always a string, since many JSON readers would round 64 bits. */
function toJson(result: object): string {
  const versioned = { version: JSON_VERSION, ...result };
  return JSON.stringify(versioned, (key, value: unknown) => (key === 'seed' ? String(value) : value));
}

/** Returns the command as typed after `pxv`, such as `datasets get`. */
function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

function line(error: unknown): string {
  if (error instanceof PxvError) return error.message;
  if (error instanceof RangeError && /allocation failed/.test(error.message))
    return 'out of memory: no room for an array; give less at once or a smaller size, or raise the limit (ulimit -v)';
  const hint = process.env.PXV_DEBUG ? '' : '; set PXV_DEBUG=1 to see where';
  return `unexpected error: ${String(error).replace(/\s*\n\s*/g, ' ')}${hint}`;
}

function stack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
