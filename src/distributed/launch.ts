import { availableParallelism, cpus } from 'node:os';
import { errorsOf } from '../foundation/errors.js';

/** Variables of a process, by their names. */
type Environment = Readonly<Record<string, string | undefined>>;

/** How the launcher of a process says that there are others. */
export interface Launch {
  /** Which of them this process is, from 0. */
  rank: number;
  /** Null where it is not said before MPI has started. */
  size: number | null;
  /** Folder of the sockets that join the ranks; null: MPI does. */
  sockets: string | null;
}

/** What Open MPI, MPICH and its kin, and Slurm with PMIx set: rank, ranks, and ranks on this machine. */
const launchers = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALNRANKS'],
  ['PMIX_RANK', 'SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS_PER_NODE'],
] as const;

/**
 * Null where this process was started alone. In a script of Slurm it is, until srun or mpirun starts it.
 * @throws PxvError `USAGE` where some of the variables are set by which sockets join ranks, and others are not
 */
export function launchOf(env: Environment = process.env): Launch | null {
  const { PXV_RANK: rank, PXV_RANKS: ranks, PXV_SOCKETS: sockets } = env;
  if (rank !== undefined && ranks !== undefined && sockets !== undefined)
    return { rank: Number(rank), size: Number(ranks), sockets };
  const given = Object.entries({ PXV_RANK: rank, PXV_RANKS: ranks, PXV_SOCKETS: sockets }).flatMap(([name, value]) =>
    value === undefined ? [] : name,
  );
  if (given.length > 0) {
    const all = 'PXV_RANK, PXV_RANKS and PXV_SOCKETS';
    throw errorsOf('USAGE', 'join ranks')('variables', all, `${given.join(' and ')} alone`, 'set all three, or none');
  }
  const launcher = launchers.find(([name]) => env[name] !== undefined);
  if (launcher === undefined) return null;
  const size = env[launcher[1]];
  return { rank: Number(env[launcher[0]]), size: size === undefined ? null : Number(size), sockets: null };
}

/**
 * Threads for each of the ranks of a machine, so that together they have one a core; undefined: as many as for one process,
 * as where the launcher has given each its cores.
 */
export function threadsOfRank(env: Environment = process.env): number | undefined {
  const cores = availableParallelism();
  if (launchOf(env) === null || cores < cpus().length) return undefined;
  const here = launchers.map(([, , name]) => env[name]).find((count) => count !== undefined) ?? env.PXV_RANKS;
  return here === undefined ? undefined : Math.max(1, Math.floor(cores / Number(here)));
}
