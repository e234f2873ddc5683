import { errorFactory } from '../foundation/errors.js';
import { Communicator } from './communicator.js';
import type { Launch } from './launch.js';
import { joinByMpi } from './mpi.js';
import { barrier, joinedSingleProcess, type JoinedProcessGroup } from './process-group.js';
import { watch } from './watch.js';

/**
 * Joins the process group of all ranks that an MPI launcher has started, this process among them.
 * @param onLoss handler that ends this process; called if another rank has failed, or if its process has ended. The
 *   argument is the line to print, or null if another rank prints the line
 * @throws PxvError `USAGE` if the number of ranks is no power of two; `DEPENDENCY` if MPI does not join the ranks
 */
export async function joinProcessGroup(
  { size }: Launch,
  onLoss: (line: string | null) => void,
): Promise<JoinedProcessGroup> {
  if (size === 1) return joinedSingleProcess;
  if (size !== null) assertPowerOfTwo(size);
  const transport = joinByMpi(size);
  assertPowerOfTwo(transport.size);
  const communicator = new Communicator(transport);
  const { rank, isMainProcess } = communicator;
  const watched = await watch(communicator, {
    onLoss: (other, process, failure) =>
      onLoss(failure === null ? lineOfDeath(other, process) : `rank ${other}: ${failure}`),
    // If the main process has died, rank 1 prints the line.
    onEnd: (hasSaidWhy) => onLoss(hasSaidWhy || rank > 1 ? null : lineOfDeath(0, 'its process')),
  });
  return {
    rank,
    size: communicator.size,
    isMainProcess,
    allReduce: (values) => watched.delayFailure(communicator.allReduce(values)),
    broadcast: (value) => watched.delayFailure(communicator.broadcast(value)),
    allGather: (own) => watched.delayFailure(communicator.allGather(own)),
    fail: (line) => watched.fail(line),
    async leave() {
      await watched.leave();
      await barrier(communicator);
      transport.close();
    },
  };
}

function assertPowerOfTwo(size: number): void {
  if (Number.isInteger(Math.log2(size))) return;
  throw errorFactory('USAGE', 'join ranks')('ranks', 'a power of two', String(size), 'start 2, 4, 8 or so');
}

function lineOfDeath(rank: number, process: string): string {
  const remedy = 'check what killed it, and run the command again; a training goes on with --resume';
  const lost = errorFactory('DEPENDENCY', 'run ranks');
  const problem = `${process} ended early`;
  return lost(`rank ${rank}`, 'a process that finishes', 'an early end', remedy, { problem }).message;
}
