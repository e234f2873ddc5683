// Runs tests on a native addon that was compiled with sanitizers, and fails at the first report. Linux, g++.
//
// usage: node scripts/sanitize.mjs address|thread TEST...
//
// address: AddressSanitizer and UndefinedBehaviorSanitizer, of portable, avx2, avx512, avx512bf16 and of shared code
// thread: ThreadSanitizer, of portable, avx512bf16 and of shared code
//
// Other sets come from the archives of `npm run build`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sources } from './native-sources.mjs';
import { writeKernelTable } from './write-kernel-table.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name, ...tests] = process.argv.slice(2);
const sanitizers = { address: ['address', 'undefined', 'float-cast-overflow'], thread: ['thread'] };
const avx2 = ['-mavx2', '-mfma'];
const avx512 = [...avx2, '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'];
/** Flags of the sets that are compiled here, by their names. */
const sets = { portable: [], avx2, avx512, avx512bf16: [...avx512, '-mavx512bf16'] };
/** Sets that a sanitizer checks. Threads share work by the same code in each set, but for words of two numbers. */
const checked = { address: Object.keys(sets), thread: ['portable', 'avx512bf16'] };
const allSets = [...Object.keys(sets), 'amx'];

if (!(name in sanitizers) || tests.length === 0) {
  console.error('usage: node scripts/sanitize.mjs address|thread TEST...');
  process.exit(2);
}

const folder = join(root, 'build', 'sanitized', name);
const addon = join(root, 'build', 'Release', 'pxv.node');
const built = join(folder, 'pxv.node');

function compile(args) {
  const { status, stdout, stderr, error } = spawnSync('g++', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: Infinity,
  });
  if (status === 0) return stdout.trim();
  console.error(`g++ ${args.join(' ')}\n${error?.message ?? `${stdout}${stderr}`.trim()}`);
  process.exit(1);
}

await writeKernelTable();
mkdirSync(folder, { recursive: true });
const flags = [
  ...['-std=c++20', '-O1', '-g1', '-fPIC', '-fno-omit-frame-pointer', '-fvisibility=hidden', '-Wno-psabi'],
  ...['-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math', '-DNAPI_VERSION=8', '-Ibuild/generated'],
  ...[`-I${join(dirname(dirname(process.execPath)), 'include', 'node')}`, `-fsanitize=${sanitizers[name]}`],
];
const files = ['native/addon.cc', ...sources].map((path) => [path, []]);
for (const set of checked[name]) files.push([`build/generated/sets/${set}.cc`, sets[set]]);
const archives = allSets
  .filter((set) => !checked[name].includes(set))
  .map((set) => join(root, 'build', 'Release', `pxv_${set}.a`));
const headers = ['native', 'build/generated'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)),
);
const newest = Math.max(...headers.map((path) => statSync(path).mtimeMs));
const objects = files.map(([path, own]) => {
  const object = join(folder, `${path.replaceAll('/', '_')}.o`);
  if (existsSync(object) && statSync(object).mtimeMs > newest) return object;
  compile([...flags, ...own, '-c', path, '-o', object]);
  return object;
});
compile(['-shared', `-fsanitize=${sanitizers[name]}`, ...objects, ...archives, '-o', built]);

const runtime = compile([`-print-file-name=lib${name === 'address' ? 'asan' : 'tsan'}.so`]);
const reports = mkdtempSync(join(tmpdir(), 'pxv-sanitizer-'));
const common = `log_path=${join(reports, 'report')}:exitcode=66`;
const hidden = `${addon}.plain`;
if (existsSync(hidden)) {
  console.error(`${hidden} is there: another run is going on, or was killed; move it back to ${addon}`);
  process.exit(1);
}
const hadAddon = existsSync(addon);
if (hadAddon) renameSync(addon, hidden);
renameSync(built, addon);
let status;
try {
  ({ status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--runInBand',
      ...tests,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        LD_PRELOAD: runtime,
        // What Node.js keeps until it ends is no leak, and its own stacks are not known to the sanitizer.
        ASAN_OPTIONS: `${common}:detect_leaks=0:allocator_may_return_null=1`,
        // Beside AddressSanitizer it writes to stderr whatever its path: the process ends at its first report.
        UBSAN_OPTIONS: `${common}:print_stacktrace=1:halt_on_error=1`,
        TSAN_OPTIONS: `${common}:ignore_noninstrumented_modules=1`,
      },
    },
  ));
} finally {
  renameSync(addon, built);
  if (hadAddon) renameSync(hidden, addon);
}
const found = readdirSync(reports).map((file) => readFileSync(join(reports, file), 'utf8'));
rmSync(reports, { recursive: true });
for (const text of found) console.error(text);
const outcome = status === 0 ? 'no report' : `the tests ended with ${status}`;
console.error(`${name}: ${found.length > 0 ? `${found.length} reports` : outcome}`);
process.exitCode = found.length > 0 || status !== 0 ? 1 : 0;
