import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../video/made-clips.js';
import { pxv } from './pxv.js';
import { jsonOf, makeClips, tiny } from './tiny-run.js';

const folder = temporaryFolder();
beforeAll(() => makeClips(folder.path, 3));
afterAll(folder.remove);

/**
 * Runs a command on a terminal of its own, takes the terminal away once `text` was read, and prints what ended the
 * command.
 */
const onTerminal = `
import os, pty, sys
text, *command = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
read = b''
while text.encode() not in read:
    read += os.read(terminal, 4096)
os.close(terminal)
_, status = os.waitpid(child, 0)
print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 'none')`;

const logged = () =>
  readFileSync(join(folder.path, 'run', 'log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');

const hasPython = spawnSync('python3', ['--version']).status === 0;

(hasPython ? test : test.skip)('a training whose terminal is gone saves, and goes on from there', async () => {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const words = ['train', '--frames', 'clips', '--out', 'run', ...tiny, '--steps', '100000'];
  const { stdout } = spawnSync('python3', ['-c', onTerminal, 'validation ', process.execPath, main, ...words], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  expect(stdout).toBe('1\n');
  const log = logged();
  const resumed = await pxv(['train', '--resume', '--out', 'run', '--steps', String(log.length + 1), '--json'], {
    cwd: folder.path,
  });
  expect({ code: resumed.code, steps: jsonOf(resumed).steps }).toEqual({ code: 0, steps: log.length + 1 });
  expect(logged().slice(0, -1)).toEqual(log);
});
