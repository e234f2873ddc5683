import { readBestValidation, RunFolder } from '../training/run-folder.js';

/** Training as read from its run folder. */
export type RecordedRun = ReturnType<typeof readRun>;

/**
 * Reads the log, the configuration and the samples of a training from its run folder. What is missing there is empty or
 * null.
 */
export function readRun(path: string) {
  const folder = new RunFolder(path);
  const log = folder.readLog();
  return {
    /** Path of the run folder. */
    path,
    /** Entries of the log, in order of the steps. */
    log,
    /** Null if config.json is missing, or of another version. */
    configuration: folder.readConfiguration(),
    /** Validation with the lowest bits/dim; null if there was none. */
    best: readBestValidation(path),
    /** Bits/dim of the previous-frame baseline on the held-out data; null if the log has none. */
    previousFrame: log.findLast(({ previousFrame }) => previousFrame !== undefined)?.previousFrame ?? null,
    /** Duration of the steps in seconds, the sum over the log. */
    seconds: log.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
    /** Sheets of samples drawn after validations. */
    samples: folder.samples,
    /** Machines that the training ran on. */
    machines: folder.readMachines(),
  };
}

/**
 * Shortens paths for display: removes the leading folders that all paths share. The last part of a path always stays.
 */
export function shortNames(paths: readonly string[]): string[] {
  const split = paths.map((path) => path.split(/[/\\]/).filter(Boolean));
  const most = Math.min(...split.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && split.every((parts) => parts[shared] === split[0][shared])) shared++;
  return split.map((parts) => parts.slice(shared).join('/'));
}
