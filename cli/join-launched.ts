import { errorFactory } from '../src/foundation/errors.js';
import { readPackageInfo } from '../src/foundation/package-folder.js';
import { readLaunch } from '../src/distributed/launch.js';
import { joinedSingleProcess, type JoinedProcessGroup } from '../src/distributed/process-group.js';
import { exitCodes } from './interrupt.js';

/** Returns true if this process prints: it has rank 0, or was started without a launcher such as mpirun. */
export function isMainProcess(): boolean {
  return (readLaunch()?.rank ?? 0) === 0;
}

/**
 * Joins the process group of a launcher. Returns a single process if there is no launcher, or if it started one process
 * alone. If another rank fails or ends, this process prints the error and exits with code 1.
 * @param command name of the command
 * @param isShareable true if ranks can share the command's work
 * @throws PxvError `USAGE` if the work cannot be shared, the number of ranks is no power of two, or the ranks differ in
 *   version or command; `DEPENDENCY` if MPI does not join the ranks
 */
export async function joinLaunched(command: string, isShareable: boolean): Promise<JoinedProcessGroup> {
  const launch = readLaunch();
  if (launch === null || launch.size === 1) return joinedSingleProcess;
  if (!isShareable) {
    const expected = 'one process; this command cannot share its work';
    const received = `${launch.size ?? 'several'} launched processes`;
    throw errorFactory('USAGE', command)('ranks', expected, received, 'run it alone');
  }
  const { joinProcessGroup } = await import('../src/distributed/join.js');
  const { assertSame } = await import('../src/distributed/assert-same.js');
  const processGroup = await joinProcessGroup(launch, (line) => {
    if (line !== null) process.stderr.write(`pxv: ${line}\n`);
    process.exit(exitCodes.failed);
  });
  try {
    await assertSame(processGroup, 'join ranks', { pxv: readPackageInfo().version, node: process.version, command });
    return processGroup;
  } catch (error) {
    await processGroup.fail((error as Error).message);
    throw error;
  }
}
