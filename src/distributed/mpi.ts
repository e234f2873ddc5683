import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { errorsOf } from '../foundation/errors.js';
import { packageFolder } from '../foundation/package-folder.js';
import type { Transport } from './communicator.js';

/** What native/mpi/addon.c exports. */
interface MpiModule {
  start(): { rank: number; size: number; library: string };
  exchange(peer: number, sent: Uint8Array, received: Uint8Array): Promise<void>;
  abandon(): void;
  finish(): void;
}

/** Where the addon is that was built here, or another that PXV_MPI_ADDON names. */
export function mpiAddon(): string {
  return resolve(process.env.PXV_MPI_ADDON ?? join(packageFolder(), 'build', 'Release', 'pxv-mpi.node'));
}

/**
 * Joins the ranks that an MPI launcher has started.
 * @param size how many it has started, where it says so
 * @throws PxvError `DEPENDENCY` where the addon does not load, or is of another MPI than the launcher
 */
export function joinByMpi(size: number | null): Transport {
  const path = mpiAddon();
  const mpi = load(path);
  const started = mpi.start();
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

function load(path: string): MpiModule {
  try {
    return createRequire(import.meta.url)(path) as MpiModule;
  } catch (cause) {
    const [received] = (cause as Error).message.split('\n');
    throw failed(path, 'the addon that joins ranks over MPI', received, OWN_MPI, { cause });
  }
}

const OWN_MPI =
  "build it by the launcher's own mpicc: MPICC=mpicc node scripts/build-mpi.mjs, or name one in PXV_MPI_ADDON";
const failed = errorsOf('DEPENDENCY', 'join ranks');
