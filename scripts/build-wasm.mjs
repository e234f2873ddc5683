// Compiles the kernels and the engine to WebAssembly: wasm/pxv.wasm, which stands in the repository, since its users
// have no compiler for it. With --check it compares instead what it would write with what stands there. Debian:
// clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sources } from './native-sources.mjs';
import { writeKernelTable } from './write-kernel-table.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.WASM_CXX ?? 'clang++-19';
/** Compiler of the file in the repository. Another compiler may write other bytes. */
const VERSION = '19.1.7';
const target = ['--target=wasm32-wasi', '-fno-exceptions'];
const compile = [
  ...[
    '-O3',
    '-std=c++20',
    '-msimd128',
    '-matomics',
    '-mbulk-memory',
    '-fno-rtti',
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
  ],
  // As in binding.gyp, so that the bits are those of `portable`.
  ...['-ffp-contract=off', '-fno-math-errno', '-fno-trapping-math', '-Wno-psabi', '-Wno-pass-failed'],
  '-Ibuild/generated',
];
const link = [
  // The library was compiled for one thread; native/wasm.cc makes up for that.
  ...['--import-memory', '--shared-memory', '--no-check-features', '--max-memory=4294967296'],
  ...['malloc', 'aligned_alloc', 'posix_memalign', 'free'].map((name) => `--wrap=${name}`),
  // Exports that a thread needs to begin.
  ...['__stack_pointer', '__wasm_init_tls', '__tls_size'].map((name) => `--export=${name}`),
  ...['-z', 'stack-size=1048576', '--strip-all', '--gc-sections'],
];

function run(args) {
  const { status, stdout, stderr, error } = spawnSync(compiler, args, { cwd: root, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`pxv: ${compiler} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
  process.exit(1);
}

const isCheck = process.argv.includes('--check');
const { stdout: version } = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
if (isCheck && !version?.includes(` ${VERSION} `)) {
  console.error(`wasm/pxv.wasm was compiled by clang ${VERSION}, which is not here: not compared`);
  process.exit();
}
await writeKernelTable();
const folder = mkdtempSync(join(tmpdir(), 'pxv-wasm-'));
try {
  const built = join(folder, 'pxv.wasm');
  const files = [...sources, 'build/generated/sets/portable.cc', 'native/wasm.cc'];
  run([...target, ...compile, '-mexec-model=reactor', ...files, `-Wl,${link.join(',')}`, '-o', built]);
  const place = join(root, 'wasm', 'pxv.wasm');
  if (isCheck) {
    const isSame = readFileSync(place).equals(readFileSync(built));
    console.error(isSame ? 'wasm/pxv.wasm is what the sources give' : 'wasm/pxv.wasm is not what the sources give');
    process.exitCode = isSame ? 0 : 1;
  } else {
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(built, place);
  }
} finally {
  rmSync(folder, { recursive: true });
}
