import { existsSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { PxvError } from '../src/foundation/errors.js';
import { exitCodes, listenForInterrupt } from './interrupt.js';
import { escapeControlCharacters } from '../src/foundation/control-characters.js';
import { Progress } from './progress.js';
import { isMainProcess, joinLaunched } from './process-group.js';
import type { ProcessGroup } from '../src/distributed/process-group.js';

/** What an action is given besides its arguments and options. */
export interface CommandContext {
  /** Aborted when the user asks to stop; its reason is a `PxvError` with the code `INTERRUPTED`. */
  signal: AbortSignal;
  progress: Progress;
  /** The processes that share the work; where they cannot, this one alone. */
  processGroup: ProcessGroup;
  /** To be called once there is something that an interruption would save; until then it says that it stops. */
  markSaving: () => void;
}

/** What a command found, as text for people and as one object for programs (`--json`). */
export interface CommandResult {
  /** As a whole or in lines, of which those that are false are left out. */
  text: string | readonly (string | false)[];
  json: object;
  /** Where it is printed. Default: stdout, which may already have been given the result itself. */
  stream?: NodeJS.WritableStream;
  /** Whether a part of what was asked for could not be done, or did not hold. */
  failed?: boolean;
}

/**
 * Makes an action of commander from one that gets its `Work` first, then the command's arguments, then its options, and
 * returns what to print. Errors pass through to the one place that reports them, in main.ts. Of several ranks the first
 * alone writes, and is interrupted.
 * @param shares whether ranks that a launcher has started can share the work
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
      const { stream = process.stdout, failed = false } = report;
      const lines = [report.text].flat().filter((line) => line !== false);
      stream.write(`${json ? toJson(report.json) : escapeControlCharacters(lines.join('\n').trimEnd())}\n`);
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
 * Makes a command and those below it throw what commander finds wrong in the arguments, as one line that ends with where
 * to read on, instead of printing it and ending the process.
 */
export function throwWrongUsage(command: Command, path = command.name()): void {
  command.configureOutput({ outputError: () => {} });
  command.exitOverride(({ exitCode, code, message }) => {
    const oneLine = message
      .replace(/^error: /, '')
      .replace(/\.?\s*\n\s*/g, ' ')
      .replace(/\.$/, '');
    throw new CommanderError(exitCode, code, `${oneLine}${fileHint(oneLine)}; see ${path} --help`);
  });
  for (const below of command.commands) throwWrongUsage(below, `${path} ${below.name()}`);
}

/** How a file is named whose name begins as a flag does. */
function fileHint(message: string): string {
  const [, word] = /^unknown option '(-.+)'/.exec(message) ?? [];
  return word !== undefined && existsSync(word) ? ` (for the file of this name write ./${word})` : '';
}

/**
 * Writes one line about the error to stderr, and its stack if PXV_DEBUG is set; returns the exit code for it. Of expected
 * errors only the main process writes: all ranks come to them.
 */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    // Without a command, commander has already written the help to stderr.
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

/** Of the objects that `--json` prints: docs/json.md. It grows where a key goes or gets another meaning. */
const JSON_VERSION = 2;

/** A seed is a string, small or large: many readers of JSON would round 64 bits. */
function toJson(result: object): string {
  const versioned = { version: JSON_VERSION, ...result };
  return JSON.stringify(versioned, (key, value: unknown) => (key === 'seed' ? String(value) : value));
}

/** The command as it is typed after `pxv`, such as `datasets get`. */
function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

function line(error: unknown): string {
  if (error instanceof PxvError) return error.message;
  const hint = process.env.PXV_DEBUG ? '' : '; set PXV_DEBUG=1 to see where';
  return `unexpected error: ${String(error).replace(/\s*\n\s*/g, ' ')}${hint}`;
}

function stack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
