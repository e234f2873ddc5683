import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { errorFactory, type PxvError } from './errors.js';
import { orNull } from './or-null.js';
import { writeFileAtomically } from './write-file.js';

/**
 * Schema of a lock file: facts about the process that holds the lock. A fact that the system does not provide is null.
 */
const holderSchema = z.strictObject({
  pid: z.int().min(1),
  /** Start of the process in clock ticks since boot. A later process with the same PID has a later start. */
  began: z.string().nullable(),
  host: z.string(),
  /** Machine id of the installation, which tells two machines of one name apart. */
  machine: z.string().nullable(),
  /** Boot id: identifier of the machine's last boot. */
  boot: z.string().nullable(),
  /** PID namespace; each container has its own. */
  processes: z.string().nullable(),
  /** Time at which the lock was taken, ISO 8601. */
  since: z.string(),
});

/** Process that holds a lock, as the lock file describes it. */
export type LockHolder = z.infer<typeof holderSchema>;

/**
 * State of a lock's process. `alive`: running. `dead`: ended without releasing the lock. `unknown`: on another machine
 * or in another container, where this process cannot see it.
 */
type HolderState = 'alive' | 'dead' | 'unknown';

/** Returns true if `name` is the name of a lock file of `lockFolder`. */
export function isLockName(name: string): boolean {
  return /^[0-9a-f]{16}\.lock$/.test(name);
}

/**
 * Milliseconds after which, of processes that lock a folder at the same time, one has won and the others have failed.
 */
const SETTLE_MS = 1000;

/**
 * Locks a folder for one training or search, and returns a function that releases the lock. Each process writes a lock
 * file, then looks for the lock files of others. Of two processes, at least one sees the other's file, on any file
 * system. Of processes that start at the same time, the first by file name waits until the others have failed. Locks of
 * dead processes are removed. A lock of unknown state is respected.
 * @param work kind of work, for the error
 * @throws PxvError `OUTPUT` if another process holds the folder, or the folder cannot be written
 */
export async function lockFolder(folder: string, work: 'training' | 'search'): Promise<() => void> {
  const own = `${randomBytes(8).toString('hex')}.lock`;
  const path = join(folder, own);
  const remove = () => rmSync(path, { force: true });
  const release = () => {
    process.off('exit', remove);
    remove();
  };
  process.on('exit', remove);
  try {
    writeFileAtomically(path, [Buffer.from(`${JSON.stringify(describeProcess())}\n`)]);
    for (const deadline = performance.now() + SETTLE_MS; ; await sleep(50)) {
      const living = livingLocks(folder, own);
      if (living.length === 0) return release;
      const isFirst = living.every(({ name }) => name > own);
      if (isFirst && performance.now() < deadline) continue;
      throw taken(folder, work, longestHeld(living));
    }
  } catch (error) {
    release();
    throw error;
  }
}

interface FoundLock {
  name: string;
  /** Null if the lock file cannot be read. */
  holder: LockHolder | null;
  state: HolderState;
}

/**
 * Returns the oldest lock, to be named in the error. Newer locks may be of processes that have just started and fail
 * too.
 */
function longestHeld(locks: readonly FoundLock[]): FoundLock {
  const since = ({ holder }: FoundLock) => holder?.since ?? '';
  return locks.reduce((a, b) => (since(b) < since(a) ? b : a));
}

/** Returns the locks of other processes that are alive or unknown, and removes the locks of dead ones. */
function livingLocks(folder: string, own: string): FoundLock[] {
  const others = readdirSync(folder).filter((name) => isLockName(name) && name !== own);
  const found = others.flatMap((name) => readLock(folder, name) ?? []);
  for (const { name, state } of found) if (state === 'dead') rmSync(join(folder, name), { force: true });
  return found.filter(({ state }) => state !== 'dead');
}

/** Returns null if the lock was released meanwhile. */
function readLock(folder: string, name: string): FoundLock | null {
  try {
    const holder = holderSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    return { name, holder, state: lockHolderState(holder) };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : { name, holder: null, state: 'unknown' };
  }
}

/**
 * Returns the state of the process `holder`, as seen from the process `here`. Returns `unknown` for another machine or
 * PID namespace. Returns `dead` if the process has ended, or if the machine was restarted since the lock was taken.
 */
export function lockHolderState(holder: LockHolder, here = describeProcess()): HolderState {
  if (holder.host !== here.host || holder.machine !== here.machine) return 'unknown';
  // Without an identifier of the installation, another start may be that of another machine of the same name.
  if (holder.boot !== here.boot) return here.machine === null ? 'unknown' : 'dead';
  if (holder.processes !== here.processes) return 'unknown';
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  const began = beginningOf(holder.pid);
  return holder.began === null || began === null || began === holder.began ? 'alive' : 'dead';
}

/** Returns the description of this process that `lockFolder` writes to a lock file. */
export function describeProcess(): LockHolder {
  return {
    pid: process.pid,
    began: beginningOf(process.pid),
    host: hostname(),
    machine: contentOf('/etc/machine-id'),
    boot: contentOf('/proc/sys/kernel/random/boot_id'),
    processes: orNull(() => readlinkSync('/proc/self/ns/pid')),
    since: new Date().toISOString(),
  };
}

/**
 * Returns the start time of a process from /proc/PID/stat (proc_pid_stat(5)). Returns null if the file cannot be read,
 * '' if the process is a zombie.
 */
function beginningOf(pid: number): string | null {
  // The second field, the command's name in brackets, may hold spaces and brackets itself.
  const fields = contentOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  if (fields === undefined) return null;
  return /^[ZXx]$/.test(fields[0]) ? '' : fields[19];
}

function contentOf(path: string): string | null {
  return orNull(() => readFileSync(path, 'utf8').trim()) || null;
}

function taken(folder: string, work: string, { name, holder, state }: FoundLock): PxvError {
  const path = join(folder, name);
  const refused = (received: string, remedy: string) => {
    const otherwise = `${remedy}, or choose another folder with --out`;
    return errorFactory('OUTPUT', 'lock folder')(folder, `a folder without another ${work}`, received, otherwise);
  };
  if (holder === null) return refused('an unreadable lock', `delete ${path} if no ${work} runs there`);
  const host = state === 'unknown' ? ` of host ${holder.host}` : '';
  const received = `a lock of process ${holder.pid}${host} since ${holder.since}`;
  const isSeen = state === 'alive' && holder.began !== null;
  return refused(received, isSeen ? 'wait for it or stop it' : `if it has ended, delete ${path}`);
}
