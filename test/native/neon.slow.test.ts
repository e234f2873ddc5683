import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// NEON kernels on a machine that is not an Arm: compiled by a cross compiler and run under an emulator, where both are
// at hand (Debian: g++-aarch64-linux-gnu, qemu-user).
const compiler = 'aarch64-linux-gnu-g++';
const emulator = 'qemu-aarch64';
const isAtHand = [compiler, emulator].every((program) => spawnSync(program, ['--version']).status === 0);

/** The C++ files of a folder of native/ that an Arm needs and that know nothing of Node.js. */
function sources(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cc') && !/(_avx2|_avx512|_avx512bf16|_amx|addon|binding)\.cc$/.test(name))
    .map((name) => join(folder, name));
}

(isAtHand ? test : test.skip)(
  'NEON kernels give what the portable ones give, under an emulator',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pxv-neon-'));
    try {
      const program = join(folder, 'compare');
      const files = ['native', 'native/kernels', 'native/engine'].flatMap(sources);
      const flags = ['-std=c++20', '-O2', '-static', '-pthread', '-Wall', '-Wextra', '-ffp-contract=off'];
      const said = execFileSync(compiler, [...flags, 'test/native/compare_sets.cc', ...files, '-o', program], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
      expect(said).toBe('');
      const lines = execFileSync(emulator, [program], { encoding: 'utf8' }).trim().split('\n');
      expect(lines).toHaveLength(9);
      for (const line of lines) expect(line).toMatch(/^ok .+ \[neon\]: /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  600_000,
);
