import { join } from 'node:path';
import type { Ranks } from '../../src/distributed/ranks.js';
import { joinBySockets } from '../../src/distributed/sockets.js';
import { Communicator } from '../../src/distributed/communicator.js';
import { temporaryFolder } from '../../src/foundation/temporary-folder.js';

/** Does some work in so many ranks, all in this process but joined over sockets, and returns what each has made. */
export async function inRanks<T>(size: number, work: (ranks: Ranks) => Promise<T>): Promise<T[]> {
  const folder = temporaryFolder('pxv-ranks-');
  const joined = await Promise.all(
    Array.from({ length: size }, (_, rank) => joinBySockets(join(folder.path, 'sockets'), rank, size)),
  );
  try {
    return await Promise.all(joined.map((transport) => work(new Communicator(transport))));
  } finally {
    joined.forEach((transport) => transport.close());
    folder.remove();
  }
}
