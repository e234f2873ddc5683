import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { main, outcomeOf } from '../cli/pxv.js';

const onLinux = existsSync('/proc/self/limits') ? test : test.skip;

/** MiB of addresses in which Node.js starts, and too few to compute: Node.js 24 takes more. */
const FEW = parseInt(process.versions.node, 10) < 24 ? 1300 : 1700;

/** Runs `pxv` with a limit on its addresses, in MiB. */
function limited(limit: number, ...args: string[]) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const script = `ulimit -v ${1024 * limit}; exec "$0" "$@"`;
  return outcomeOf(spawn('sh', ['-c', script, process.execPath, main, ...args], { env }));
}

onLinux('a command that would run out of addresses says so in one line, instead of a native stack trace', async () => {
  const { code, stdout, stderr } = await limited(FEW, 'encode', 'none.mp4', '--threads', '1');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^pxv: encode: memory: expected 0\.7 GiB more addresses .*, received .* leaves 0\.\d GiB; raise the limit .*\n$/,
  );
});

onLinux('a command that computes nothing asks for no more addresses, nor does one with enough of them', async () => {
  expect(await limited(FEW, 'models')).toMatchObject({ code: 0, stderr: '' });
  const { stderr } = await limited(4000, 'encode', 'none.mp4', '--threads', '1');
  expect(stderr).toMatch(/none\.mp4/);
});
