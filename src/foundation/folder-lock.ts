import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { errorFactory, type PxvError } from './errors.js';
import { writeFileAtomically } from './write-file.js';

/** What a lock says of the process that made it. What a system does not tell is null. */
const holderSchema = z.strictObject({
  pid: z.int().min(1),
  /** When the process began, in clock ticks since the machine's start: another process of the same number began later. */
  began: z.string().nullable(),
  host: z.string(),
  /** Identifier of the installation, which tells two machines of one name apart. */
  machine: z.string().nullable(),
  /** Identifier of the machine's start. */
  boot: z.string().nullable(),
  /** The space of process numbers, of which each container has its own. */
  processes: z.string().nullable(),
  /** ISO 8601. */
  since: z.string(),
});

export type LockHolder = z.infer<typeof holderSchema>;

/** A process that ended without giving its lock back is `dead`; one that cannot be looked into from here is `unknown`. */
export type HolderState = 'alive' | 'dead' | 'unknown';

const lockName = /^[0-9a-f]{16}\.lock$/;
/** Milliseconds within which one of several processes that came together goes on and the others have refused. */
const TOGETHER = 1000;

/**
 * Takes a folder for one training or search at a time, and returns what gives it back. Each process writes a lock of its own
 * and only then looks for others, so that of two the one that looks later sees the other, whatever the file system. Of
 * those that come together the first by name waits until the others have refused. The lock of a process that has ended
 * is taken over.
 * @throws PxvError `OUTPUT` where another is in the folder, or the folder cannot be written
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
    for (const deadline = performance.now() + TOGETHER; ; await sleep(50)) {
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
  /** Null where the lock cannot be read. */
  holder: LockHolder | null;
  state: HolderState;
}

/** The lock to speak of: the others may be of processes that have come just now, and are refused themselves. */
function longestHeld(locks: readonly FoundLock[]): FoundLock {
  const since = ({ holder }: FoundLock) => holder?.since ?? '';
  return locks.reduce((a, b) => (since(b) < since(a) ? b : a));
}

/** The locks of other processes, but for those that have ended, whose locks are removed. */
function livingLocks(folder: string, own: string): FoundLock[] {
  const others = readdirSync(folder).filter((name) => lockName.test(name) && name !== own);
  const found = others.flatMap((name) => readLock(folder, name) ?? []);
  for (const { name, state } of found) if (state === 'dead') rmSync(join(folder, name), { force: true });
  return found.filter(({ state }) => state !== 'dead');
}

/** Null where it was given back meanwhile. */
function readLock(folder: string, name: string): FoundLock | null {
  try {
    const holder = holderSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    return { name, holder, state: lockHolderState(holder) };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : { name, holder: null, state: 'unknown' };
  }
}

/** Whether the process that made a lock still runs, as far as can be told from here. */
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

/** What a lock of this process says. */
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

/** From /proc/PID/stat (proc_pid_stat(5)); null where that cannot be read, empty where the process is a zombie. */
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

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function taken(folder: string, work: string, { name, holder, state }: FoundLock): PxvError {
  const path = join(folder, name);
  const refused = (received: string, remedy: string) => {
    const otherwise = `${remedy}, or choose another folder with --out`;
    return errorFactory('OUTPUT', 'lock folder')(folder, `a folder that no other ${work} is in`, received, otherwise);
  };
  if (holder === null) return refused('one with a lock that cannot be read', `delete ${path} if no ${work} runs there`);
  const host = state === 'unknown' ? ` of host ${holder.host}` : '';
  const received = `one that process ${holder.pid}${host} has been in since ${holder.since}`;
  const isSeen = state === 'alive' && holder.began !== null;
  return refused(received, isSeen ? 'wait for it or stop it' : `if it has ended, delete ${path}`);
}
