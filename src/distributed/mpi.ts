import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { errorFactory } from '../foundation/errors.js';
import { packageFolder } from '../foundation/package-folder.js';
import type { Transport } from './communicator.js';

/** Exports of native/mpi/addon.c. */
interface MpiModule {
  start(): { rank: number; size: number; library: string };
  exchange(peer: number, sent: Uint8Array, received: Uint8Array): Promise<void>;
  abandon(): void;
  finish(): void;
}

/** Returns the path of the MPI addon: PXV_MPI_ADDON if set, else the addon that was built in this package. */
function mpiAddon(): string {
  return resolve(process.env.PXV_MPI_ADDON ?? join(packageFolder(), 'build', 'Release', 'pxv-mpi.node'));
}

/**
 * Loads the MPI addon, joins the ranks that an MPI launcher has started, and returns the transport between the ranks.
 * @param size number of ranks; null if the launcher does not say
 * @throws PxvError `DEPENDENCY` if the addon does not load, or was built for another MPI than the launcher's
 */
export function joinByMpi(size: number | null): Transport {
  const path = mpiAddon();
  const mpi = load(path);
  const started = start(mpi);
  if (size !== null && started.size !== size) {
    const received = `${started.size}, by ${started.library.replace(/\s+/g, ' ')}, which the addon was built for`;
    throw failed('MPI', `the ${size} ranks that were launched`, received, OWN_MPI);
  }
  process.on('exit', () => mpi.abandon());
  return {
    rank: started.rank,
    size: started.size,
    exchange: (peer, sent, received) => mpi.exchange(peer, sent, received),
    close: () => mpi.finish(),
  };
}

function start(mpi: MpiModule): ReturnType<MpiModule['start']> {
  try {
    return mpi.start();
  } catch (cause) {
    throw failed('MPI', 'one that ranks can be joined by', (cause as Error).message, OWN_MPI, { cause });
  }
}

function load(path: string): MpiModule {
  // UCX, a transport of MPI, tests its memory hooks by moving the end of the heap while other threads allocate there.
  process.env.UCX_MEM_EVENTS ??= 'n';
  try {
    return createRequire(import.meta.url)(path) as MpiModule;
  } catch (cause) {
    const [received] = (cause as Error).message.split('\n');
    throw failed(path, 'the addon that joins ranks over MPI', received, OWN_MPI, { cause });
  }
}

const OWN_MPI =
  "build it by the launcher's own mpicc: MPICC=mpicc node scripts/build-mpi.mjs, or name one in PXV_MPI_ADDON";
const failed = errorFactory('DEPENDENCY', 'join ranks');
