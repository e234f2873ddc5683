import { availableParallelism, cpus } from 'node:os';

/** Environment variables by name. @inline */
type Environment = Readonly<Record<string, string | undefined>>;

/** MPI launch of this process, as the launcher's environment variables describe the launch. */
export interface Launch {
  /** Rank of this process. */
  rank: number;
  /** Number of ranks; null if only MPI itself knows the number. */
  size: number | null;
}

/**
 * Environment variables of Open MPI, of MPICH and its kin, and of Slurm with PMIx: rank, number of ranks, and ranks on
 * this machine.
 */
const launchers = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALNRANKS'],
  ['PMIX_RANK', 'SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS_PER_NODE'],
] as const;

/**
 * Returns the MPI launch of this process. Returns null if no launcher started this process, as in a Slurm script before
 * srun or mpirun.
 */
export function readLaunch(env: Environment = process.env): Launch | null {
  const launcher = launchers.find(([name]) => env[name] !== undefined);
  if (launcher === undefined) return null;
  const size = env[launcher[1]];
  return { rank: Number(env[launcher[0]]), size: size === undefined ? null : Number(size) };
}

/**
 * Returns the number of threads for this rank: cores of this machine over ranks on this machine, at least 1. Returns
 * undefined if there is no launcher, if the launcher has bound each rank to its cores, or if the number is unknown.
 */
export function threadsPerRank(env: Environment = process.env): number | undefined {
  const cores = availableParallelism();
  if (readLaunch(env) === null || cores < cpus().length) return undefined;
  const here = launchers.map(([, , name]) => env[name]).find((count) => count !== undefined);
  return here === undefined ? undefined : Math.max(1, Math.floor(cores / Number(here)));
}
