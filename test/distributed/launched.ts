import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../src/foundation/temporary-folder.js';
import { main, start, type Outcome } from '../cli/pxv.js';

/** Ranks that were started as processes of their own. */
export interface Launched {
  /** What they say together, and how the first, or the launcher, ends. */
  ended: Promise<Outcome>;
  /** The process of a rank, once it is there. */
  processOf: (rank: number) => number | undefined;
  /** Whether the ranks have met: from then on none is waited for that has ended. Over MPI the launcher sees to that. */
  haveMet: () => boolean;
}

/** A way to start `pxv` in several ranks. */
export interface Launcher {
  name: string;
  launch(size: number, args: string[], cwd: string): Launched;
}

const bySockets: Launcher = {
  name: 'sockets',
  launch(size, args, cwd) {
    const folder = temporaryFolder('pxv-ranks-');
    const sockets = join(folder.path, 'sockets');
    const ranks = Array.from({ length: size }, (_, rank) =>
      start(args, {
        cwd,
        env: { PXV_RANK: String(rank), PXV_RANKS: String(size), PXV_SOCKETS: sockets },
      }),
    );
    const ended = outcomeOf(ranks).finally(() => folder.remove());
    let haveCome = false;
    const haveMet = () => {
      const waiting = existsSync(sockets) ? readdirSync(sockets).length : 0;
      haveCome ||= waiting > 0;
      return haveCome && waiting === 0;
    };
    return { ended, processOf: (rank) => ranks[rank].pid, haveMet };
  },
};

/** What the MPIs of Debian are called, what their processes are told of their rank, and what they need here. */
const mpis = [
  {
    name: 'openmpi',
    rankIs: (rank: number) => `OMPI_COMM_WORLD_RANK=${rank}`,
    options: ['--oversubscribe'],
    env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  },
  { name: 'mpich', rankIs: (rank: number) => `PMI_RANK=${rank}`, options: [], env: {} },
];

/** Of each MPI that this machine has; its addon is built into a folder. */
export function mpiLaunchers(folder: string): { name: string; launcher: Launcher | null }[] {
  return mpis.map(({ name, rankIs, options, env }) => {
    const [compiler, mpirun] = [`mpicc.${name}`, `mpirun.${name}`];
    const addon = join(folder, name, 'pxv-mpi.node');
    const isBuilt = () =>
      spawnSync(mpirun, ['--version'], { env: { ...process.env, ...env } }).status === 0 &&
      spawnSync(process.execPath, ['scripts/build-mpi.mjs', '--out', addon], {
        env: { ...process.env, MPICC: compiler },
      }).status === 0;
    if (!isBuilt()) return { name, launcher: null };
    const launch: Launcher['launch'] = (size, args, cwd) => {
      const inherited: NodeJS.ProcessEnv = { ...process.env, ...env, PXV_MPI_ADDON: addon };
      delete inherited.NODE_OPTIONS;
      const given = ['-n', String(size), ...options, process.execPath, main, ...args];
      const launcher = spawn(mpirun, given, { cwd, env: inherited });
      const processOf = (rank: number) => descendant(launcher.pid!, rankIs(rank));
      return { ended: outcomeOf([launcher]), processOf, haveMet: () => processOf(size - 1) !== undefined };
    };
    return { name, launcher: { name, launch } };
  });
}

export const socketLauncher = bySockets;

async function outcomeOf(processes: ChildProcess[]): Promise<Outcome> {
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  const codes = processes.map(async (child) => {
    child.stdout?.on('data', (text: Buffer) => (outcome.stdout += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (outcome.stderr += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  });
  const [code] = await Promise.all(codes);
  return { ...outcome, code };
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
