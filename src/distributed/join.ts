import { errorsOf } from '../foundation/errors.js';
import type { Launch } from './launch.js';
import { joinByMpi } from './mpi.js';
import { alone, barrier, type Ranks } from './ranks.js';
import { joinBySockets } from './sockets.js';
import { Communicator } from './communicator.js';
import { watch } from './watch.js';

/** Ranks until they leave. */
export interface JoinedRanks extends Ranks {
  /** Ends the work of all ranks at once, well done. */
  leave(): Promise<void>;
  /** Ends it in this one, which has failed: the others end, and the first tells the user the line. */
  fail(line: string): Promise<void>;
}

/**
 * Joins the ranks that were launched with this one.
 * @param onLoss called once the work cannot go on, so that the process is to end at once, with the line that the user is to
 *   be told; null: another rank tells it
 * @throws PxvError `USAGE` where their number is not a power of two, `DEPENDENCY` where they do not come together
 */
export async function joinRanks(
  { rank, size, sockets }: Launch,
  onLoss: (line: string | null) => void,
): Promise<JoinedRanks> {
  const left = { leave: () => Promise.resolve(), fail: () => Promise.resolve() };
  if (size === 1) return { ...alone, ...left };
  if (size !== null) expectPowerOfTwo(size);
  if (sockets !== null) expectRank(rank, size!);
  const transport = sockets === null ? joinByMpi(size) : await joinBySockets(sockets, rank, size!);
  expectPowerOfTwo(transport.size);
  if (transport.size === 1) return { ...alone, leave: () => Promise.resolve(transport.close()), fail: left.fail };
  const ranks = new Communicator(transport);
  const watched = await watch(ranks, {
    onLoss: (other, process, failure) =>
      onLoss(failure === null ? lineOfDeath(other, process) : `rank ${other}: ${failure}`),
    // Where the first has died, the next one speaks.
    onEnd: (hasSaidWhy) => onLoss(hasSaidWhy || ranks.rank > 1 ? null : lineOfDeath(0, 'its process')),
  });
  return {
    rank: ranks.rank,
    size: ranks.size,
    isWriter: ranks.isWriter,
    sum: (values) => watched.told(ranks.sum(values)),
    broadcast: (value) => watched.told(ranks.broadcast(value)),
    gather: (own) => watched.told(ranks.gather(own)),
    fail: (line) => watched.fail(line),
    async leave() {
      await watched.leave();
      await barrier(ranks);
      transport.close();
    },
  };
}

function expectPowerOfTwo(size: number): void {
  if (Number.isInteger(Math.log2(size))) return;
  throw errorsOf('USAGE', 'join ranks')('ranks', 'a power of two', String(size), 'start 2, 4, 8 or so');
}

function expectRank(rank: number, size: number): void {
  if (Number.isInteger(rank) && rank >= 0 && rank < size) return;
  throw errorsOf('USAGE', 'join ranks')(
    'PXV_RANK',
    `a whole number from 0 to ${size - 1}`,
    String(rank),
    'number them',
  );
}

function lineOfDeath(rank: number, process: string): string {
  const remedy = 'see what has ended it, and run it again; a training goes on by --resume';
  const lost = errorsOf('DEPENDENCY', 'work together');
  return lost(`rank ${rank}`, 'a process that works to the end', `the end of ${process}`, remedy).message;
}
