import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder, lockHolderState, describeProcess, type LockHolder } from '../../src/foundation/folder-lock.js';
import { temporaryFolder } from '../video/made-clips.js';
import { slowTest } from '../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const onLinux = existsSync('/proc/self/stat') ? test : test.skip;

let folders = 0;
/** A run folder, with a lock in it where a holder is given. */
function runFolder(holder?: LockHolder | string): string {
  const path = join(folder.path, `run-${folders++}`);
  mkdirSync(path);
  if (holder !== undefined) writeFileSync(join(path, lock), JSON.stringify(holder));
  return path;
}
const lock = 'ffffffffffffffff.lock';

/** What a lock says that a process has left which has ended. */
function ended(): LockHolder {
  return { ...describeProcess(), pid: spawnSync(process.execPath, ['--version']).pid, began: '1' };
}

slowTest('a folder is taken by one training at a time, and given back', async () => {
  const path = runFolder();
  const release = await lockFolder(path, 'training');
  await expect(lockFolder(path, 'training')).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringMatching(
      new RegExp(
        `^lock folder: ${path}: expected a folder without another training, received a lock of process ` +
          `${process.pid} since 20.*; (wait for it or stop it|if it has ended.*), or choose another`,
      ),
    ) as string,
  });
  release();
  expect(readdirSync(path)).toEqual([]);
  (await lockFolder(path, 'training'))();
});

slowTest('of several that come at once one gets the folder', async () => {
  const path = runFolder();
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(path, 'training')));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(readdirSync(path)).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value();
});

test('the lock of a process that has ended is taken over', async () => {
  const path = runFolder(ended());
  const release = await lockFolder(path, 'training');
  expect(readdirSync(path)).toHaveLength(1);
  expect(readdirSync(path)).not.toEqual([lock]);
  release();
  expect(readdirSync(path)).toEqual([]);
});

onLinux('the lock of a process whose number another one has now is that of a dead one', () => {
  const here = describeProcess();
  expect([lockHolderState(here), lockHolderState({ ...here, began: String(Number(here.began) - 1) })]).toEqual([
    'alive',
    'dead',
  ]);
});

onLinux('a process that has ended and was not asked for by its parent is dead', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60']);
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = { ...describeProcess(), pid: Number(text.toString()), began: '1' };
  await new Promise((resolve) => setTimeout(resolve, 300));
  // It is a zombie: its number is still taken.
  expect(() => process.kill(child.pid, 0)).not.toThrow();
  expect(lockHolderState(child)).toBe('dead');
  parent.kill();
});

// Each waits out the second within which another process may have come as well.
test.concurrent.each<[string, Partial<LockHolder>]>([
  ['another host', { host: 'elsewhere' }],
  ['another machine of the same name', { machine: 'ffff' }],
  ['another container of this machine', { processes: 'pid:[1]' }],
])('the lock of %s is respected, though its process is none of here', async (_, change) => {
  const holder = { ...ended(), ...change };
  const path = runFolder(holder);
  await expect(lockFolder(path, 'training')).rejects.toMatchObject({
    code: 'OUTPUT',
    message: expect.stringMatching(
      new RegExp(`process ${holder.pid} of host ${holder.host} since .*; if it has ended, delete ${path}/${lock}, or`),
    ) as string,
  });
  expect(readdirSync(path)).toEqual([lock]);
});

test('the lock of an earlier start of this machine is taken over, where the machine can be told from others', () => {
  const known = { ...describeProcess(), machine: 'ffff', boot: 'later' };
  expect(lockHolderState({ ...known, boot: 'earlier' }, known)).toBe('dead');
  const unknown = { ...known, machine: null };
  expect(lockHolderState({ ...unknown, boot: 'earlier' }, unknown)).toBe('unknown');
});

test.concurrent('a lock that cannot be read is respected', async () => {
  const path = runFolder('text');
  await expect(lockFolder(path, 'training')).rejects.toThrow(/received an unreadable lock; delete .*\.lock if no/);
});
