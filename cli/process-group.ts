import { errorFactory } from '../src/foundation/errors.js';
import { readPackageInfo } from '../src/foundation/package-folder.js';
import { launchOf } from '../src/distributed/launch.js';
import { joinedSingleProcess, type JoinedProcessGroup } from '../src/distributed/process-group.js';
import { exitCodes } from './interrupt.js';

/** Whether this process prints results and errors: of those that a launcher has started, only rank 0 does. */
export function isMainProcess(): boolean {
  return (launchOf()?.rank ?? 0) === 0;
}

/**
 * Joins the processes that do the work of a command together: this one alone, unless a launcher has started others.
 * @param command its name
 * @param isShareable whether ranks can share its work
 * @throws PxvError `USAGE` if they cannot, or differ in their versions or commands
 */
export async function joinLaunched(command: string, isShareable: boolean): Promise<JoinedProcessGroup> {
  const launch = launchOf();
  if (launch === null || launch.size === 1) return joinedSingleProcess;
  if (!isShareable) {
    const received = `${launch.size ?? 'several'} that were launched`;
    throw errorFactory('USAGE', command)(
      'ranks',
      'one process, for they cannot share this work',
      received,
      'run it alone',
    );
  }
  const [{ joinProcessGroup }, { expectSame }] = await Promise.all([
    import('../src/distributed/join.js'),
    import('../src/distributed/expect-same.js'),
  ]);
  const processGroup = await joinProcessGroup(launch, (line) => {
    if (line !== null) process.stderr.write(`pxv: ${line}\n`);
    process.exit(exitCodes.failed);
  });
  try {
    await expectSame(processGroup, 'join ranks', { pxv: readPackageInfo().version, node: process.version, command });
    return processGroup;
  } catch (error) {
    await processGroup.fail((error as Error).message);
    throw error;
  }
}
