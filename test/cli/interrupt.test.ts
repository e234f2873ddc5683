import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a command whose work is `body`, and sends one signal of the list after each line that it writes to stderr.
 */
async function interrupt(body: string, signals: NodeJS.Signals[]): Promise<{ code: number | null; lines: string[] }> {
  const program = `
    import { Command } from 'commander';
    import { reportError, run } from './dist/cli/action.js';
    const alive = setInterval(() => {}, 1000);
    const work = async ({ signal, markSaving }) => {
      setImmediate(() => console.error('working'));
      ${body}
    };
    try {
      await new Command('look').action(run(work)).parseAsync([], { from: 'user' });
    } catch (error) {
      process.exitCode = reportError(error);
    }
    clearInterval(alive);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  let stderr = '';
  let sent = 0;
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
    const lines = stderr.split('\n').length - 1;
    if (sent < Math.min(lines, signals.length)) child.kill(signals[sent++]);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, lines: stderr.trimEnd().split('\n') };
}

const aborted = `await new Promise((resolve) => signal.addEventListener('abort', resolve));`;
const stopping = 'pxv: stopping... (interrupt again to stop at once)';
const finishing = 'pxv: finishing: saving... (interrupt again to stop at once)';

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'the first %s lets the work save and end, with exit code 130',
  async (name) => {
    const save = `markSaving(); ${aborted} console.error('saved'); return { text: '', json: {} };`;
    expect(await interrupt(save, [name])).toEqual({
      code: 130,
      lines: ['working', finishing, 'saved'],
    });
  },
);

test('work that throws the reason of a signal ends with one line and code 130, and speaks of no saving', async () => {
  expect(await interrupt(`${aborted} signal.throwIfAborted();`, ['SIGINT'])).toEqual({
    code: 130,
    lines: ['working', stopping, 'pxv: look: this command: interrupted by SIGINT; run it again'],
  });
});

test('the second signal ends the process at once with exit code 130', async () => {
  expect(await interrupt('await new Promise(() => {});', ['SIGINT', 'SIGTERM'])).toEqual({
    code: 130,
    lines: ['working', stopping],
  });
});

test('a second SIGHUP, as a shell and the system may both send one, lets the work save and end', async () => {
  const saves = `markSaving(); ${aborted} await new Promise((done) => setTimeout(done, 500)); console.error('saved');`;
  expect(await interrupt(`${saves} return { text: '', json: {} };`, ['SIGHUP', 'SIGHUP'])).toEqual({
    code: 130,
    lines: ['working', finishing, 'saved'],
  });
});
