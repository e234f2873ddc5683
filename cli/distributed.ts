import { errorsOf } from '../src/foundation/errors.js';
import { packageFacts } from '../src/foundation/package-folder.js';
import { launchOf } from '../src/distributed/launch.js';
import { alone } from '../src/distributed/ranks.js';
import type { JoinedRanks } from '../src/distributed/join.js';
import { exitCodes } from './interrupt.js';

const nobody: JoinedRanks = { ...alone, leave: () => Promise.resolve(), fail: () => Promise.resolve() };

/** Whether this process says what is found and what is wrong: of those that a launcher has started, the first alone. */
export function isHeard(): boolean {
  try {
    return !((launchOf()?.rank ?? 0) > 0);
  } catch {
    // Variables that say half of it: each process was started by hand, and says so.
    return true;
  }
}

/**
 * The processes that do a command's work together: this one alone, unless a launcher has started others.
 * @param command its name
 * @param shares whether ranks can share its work
 * @throws PxvError `USAGE` where they cannot, or are not alike
 */
export async function ranksOf(command: string, shares: boolean): Promise<JoinedRanks> {
  const launch = launchOf();
  if (launch === null || launch.size === 1) return nobody;
  if (!shares) {
    const received = `${launch.size ?? 'several'} that were launched`;
    throw errorsOf('USAGE', command)('ranks', 'one process, for they cannot share this work', received, 'run it alone');
  }
  const [{ joinRanks }, { expectSame }] = await Promise.all([
    import('../src/distributed/join.js'),
    import('../src/distributed/expect-same.js'),
  ]);
  const ranks = await joinRanks(launch, (line) => {
    if (line !== null) process.stderr.write(`pxv: ${line}\n`);
    process.exit(exitCodes.failed);
  });
  try {
    await expectSame(ranks, 'join ranks', { pxv: packageFacts().version, node: process.version, command });
    return ranks;
  } catch (error) {
    await ranks.fail((error as Error).message);
    throw error;
  }
}
