import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { availableMemory } from '../../src/memory/available-memory.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

const MiB = 2 ** 20;
const environment = { ...process.env };
beforeEach(() => delete process.env.PXV_MEMORY);
afterEach(() => {
  process.env = { ...environment };
});

let roots = 0;
/** Folders that hold these files. */
function made(files: Record<string, string>) {
  const root = join(folder.path, `${roots++}`);
  mkdirSync(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return { proc: join(root, 'proc'), cgroups: join(root, 'cgroups'), pages: () => files.vm_stat ?? null };
}

const meminfo = `MemTotal: 16384000 kB\nMemFree: 1024 kB\nMemAvailable:   ${8000 * 1024} kB\n`;
/** MiB beside what the process holds already. */
const freeBy = (files: Record<string, string>) =>
  Math.round((availableMemory(made(files)) - process.memoryUsage.rss()) / MiB / 10) * 10;

test('memory is what the system can give without swapping', () => {
  expect(freeBy({ 'proc/meminfo': meminfo })).toBe(8000);
});

test('on macOS pages that are inactive can be had as well', () => {
  const page = 16384;
  const pages = (MiBs: number) => (MiBs * MiB) / page;
  const vm_stat = `Mach Virtual Memory Statistics: (page size of ${page} bytes)
Pages free:                               ${pages(100)}.
Pages active:                             ${pages(7000)}.
Pages inactive:                           ${pages(3000)}.
Pages speculative:                        ${pages(400)}.
Pages throttled:                               0.
`;
  expect(freeBy({ vm_stat })).toBe(3500);
});

test.each([
  ['max', 8000],
  [`${3000 * MiB}`, 3000 - 1000 + 400],
  [`${800 * MiB}`, 200],
])('a control group of version 2 with a limit of %s leaves %d MiB', (limit, free) => {
  const files = {
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '0::/user/one\n',
    'cgroups/user/one/memory.max': `${limit}\n`,
    'cgroups/user/one/memory.current': `${1000 * MiB}\n`,
    'cgroups/user/one/memory.stat': `anon 5\ninactive_file ${400 * MiB}\n`,
  };
  expect(freeBy(files)).toBe(free);
});

test('a limit of a group above counts as well', () => {
  const files = {
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '0::/user/one\n',
    'cgroups/user/memory.max': `${1500 * MiB}`,
    'cgroups/user/memory.current': `${500 * MiB}`,
  };
  expect(freeBy(files)).toBe(1000);
});

test('in a container whose group has its path outside, the limit at the root counts, of both versions', () => {
  const files = {
    'proc/meminfo': meminfo,
    'proc/self/cgroup': '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n',
    'cgroups/memory/memory.limit_in_bytes': `${2000 * MiB}`,
    'cgroups/memory/memory.usage_in_bytes': `${700 * MiB}`,
    'cgroups/memory/memory.stat': `total_inactive_file ${200 * MiB}\n`,
  };
  expect(freeBy(files)).toBe(1500);
  expect(freeBy({ ...files, 'cgroups/memory/memory.limit_in_bytes': '9223372036854771712' })).toBe(8000);
});

test('a limit on addresses leaves what is not in use', () => {
  const limits = (bytes: string) =>
    `Max cpu time   unlimited unlimited seconds\nMax address space   ${bytes} ${bytes} bytes\n`;
  const files = { 'proc/meminfo': meminfo, 'proc/self/status': `VmPeak: 9 kB\nVmSize:\t ${1500 * 1024} kB\n` };
  expect(freeBy({ ...files, 'proc/self/limits': limits('unlimited') })).toBe(8000);
  expect(freeBy({ ...files, 'proc/self/limits': limits(`${2000 * MiB}`) })).toBe(500);
  expect(freeBy({ ...files, 'proc/self/limits': limits(`${1000 * MiB}`) })).toBe(0);
});

test('PXV_MEMORY in MiB comes before the system, and must be a number', () => {
  process.env.PXV_MEMORY = '1234';
  expect(availableMemory(made({ 'proc/meminfo': meminfo }))).toBe(1234 * MiB);
  process.env.PXV_MEMORY = 'much';
  expect(() => availableMemory()).toThrow(/PXV_MEMORY: expected a number of MiB, received "much"/);
});
