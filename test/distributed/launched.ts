import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, outcomeOf, type Outcome } from '../cli/pxv.js';

/** Ranks that were started as processes of their own. */
export interface Launched {
  /** What they print together, and the exit code of the launcher. */
  ended: Promise<Outcome>;
  /** Returns the process of a rank, once it has started. */
  processOf: (rank: number) => number | undefined;
  /** Whether a rank has loaded the kernels, which comes after MPI has started. */
  hasKernels: (rank: number) => boolean;
  /** Kills the launcher and the ranks. */
  kill: () => void;
}

/** Starts `pxv` in several ranks. */
export type Launch = (size: number, args: string[], cwd: string) => Launched;

/**
 * The MPIs of Debian: suffixes of their programs, the variable with the rank, and options and variables for this
 * machine.
 */
const mpis = [
  {
    name: 'openmpi',
    rankIs: (rank: number) => `OMPI_COMM_WORLD_RANK=${rank}`,
    options: ['--oversubscribe'],
    env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
    // The launcher of MPICH 4.2 ends with 0 now and then, though a rank has failed.
    keepsCode: true,
  },
  { name: 'mpich', rankIs: (rank: number) => `PMI_RANK=${rank}`, options: [], env: {}, keepsCode: false },
];

/** An MPI, in whose `title` it says so if this machine lacks it. */
export interface Mpi {
  name: string;
  title: string;
  /** Whether the exit code of the launcher is that of a rank that has failed. */
  keepsCode: boolean;
  /** Null if this machine lacks the MPI. */
  launch: Launch | null;
}

/** Returns each MPI, whose addon is built into `folder`. */
export function findMpis(folder: string): Mpi[] {
  return mpis.map(({ name, rankIs, options, env, keepsCode }) => {
    const compiler = `mpicc.${name}`;
    const mpirun = `mpirun.${name}`;
    const addon = join(folder, name, 'pxv-mpi.node');
    const isBuilt =
      spawnSync(mpirun, ['--version'], { env: { ...process.env, ...env } }).status === 0 &&
      spawnSync(process.execPath, ['scripts/build-mpi.mjs', '--out', addon], {
        env: { ...process.env, MPICC: compiler },
      }).status === 0;
    if (!isBuilt) return { name, title: `${name}: no ${mpirun} and ${compiler} here`, keepsCode, launch: null };
    const launch: Launch = (size, args, cwd) => {
      const inherited: NodeJS.ProcessEnv = { ...process.env, ...env, PXV_MPI_ADDON: addon };
      delete inherited.NODE_OPTIONS;
      const given = ['-n', String(size), ...options, process.execPath, main, ...args];
      const launcher = spawn(mpirun, given, { cwd, env: inherited });
      const processOf = (rank: number) => descendant(launcher.pid!, rankIs(rank));
      return {
        ended: outcomeOf(launcher),
        processOf,
        hasKernels: (rank) => read(`/proc/${processOf(rank)}/maps`).includes('/pxv.node'),
        kill() {
          const ranks = Array.from({ length: size }, (_, rank) => processOf(rank)).filter((pid) => pid !== undefined);
          for (const pid of [launcher.pid!, ...ranks]) process.kill(pid, 'SIGKILL');
        },
      };
    };
    return { name, title: name, keepsCode, launch };
  });
}

/** The process below another that runs Node.js and has this in its environment. */
function descendant(above: number, variable: string): number | undefined {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parentOf = new Map(processes.map((pid) => [Number(pid), parent(pid)]));
  const isBelow = (pid: number): boolean => pid === above || (parentOf.has(pid) && isBelow(parentOf.get(pid)!));
  return [...parentOf.keys()].find(
    (pid) =>
      pid !== above && isBelow(pid) && isNode(pid) && read(`/proc/${pid}/environ`).split('\0').includes(variable),
  );
}

function parent(pid: string): number {
  return Number(
    read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')[1],
  );
}

function isNode(pid: number): boolean {
  return read(`/proc/${pid}/cmdline`).includes(main);
}

/** Empty where the process has ended. */
function read(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  } catch {
    return '';
  }
}
