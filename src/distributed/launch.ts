import { availableParallelism, cpus } from 'node:os';

/** Environment variables, by their names. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Facts about an MPI launch that the launcher has put into the environment. */
export interface Launch {
  /** Rank of this process. */
  rank: number;
  /** Number of ranks; null if the launcher leaves it to MPI to say. */
  size: number | null;
}

/** Variables of Open MPI, of MPICH and its kin, and of Slurm with PMIx: rank, number of ranks, and ranks on this machine. */
const launchers = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALNRANKS'],
  ['PMIX_RANK', 'SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS_PER_NODE'],
] as const;

/**
 * Returns how an MPI launcher has started this process. Returns null if none has, as in a script of Slurm before srun or
 * mpirun.
 */
export function launchOf(env: Environment = process.env): Launch | null {
  const launcher = launchers.find(([name]) => env[name] !== undefined);
  if (launcher === undefined) return null;
  const size = env[launcher[1]];
  return { rank: Number(env[launcher[0]]), size: size === undefined ? null : Number(size) };
}

/**
 * Returns the number of threads for this rank, such that the ranks of a machine have one a core together. Returns undefined
 * if there is no launcher, or if it has given each rank its cores.
 */
export function threadsOfRank(env: Environment = process.env): number | undefined {
  const cores = availableParallelism();
  if (launchOf(env) === null || cores < cpus().length) return undefined;
  const here = launchers.map(([, , name]) => env[name]).find((count) => count !== undefined);
  return here === undefined ? undefined : Math.max(1, Math.floor(cores / Number(here)));
}
