import { jest } from '@jest/globals';
import { Command } from 'commander';
import { PxvError } from '../../src/foundation/errors.js';
import { reportError, run, throwUsageError, type CommandResult } from '../../cli/action.js';

let written: { stdout: string; stderr: string };

beforeEach(() => {
  written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
});

afterEach(() => {
  jest.restoreAllMocks();
  delete process.env.PXV_DEBUG;
  process.exitCode = 0;
});

function pxvError(code: PxvError['code']): PxvError {
  return new PxvError({
    code,
    operation: 'read video',
    argument: 'a.mp4',
    expected: 'a file',
    received: 'none',
    remedy: 'check the path',
  });
}

describe('reportError', () => {
  test.each([
    ['USAGE', 2],
    ['INPUT', 1],
    ['OUTPUT', 1],
    ['CHECKPOINT', 1],
    ['DIVERGED', 1],
    ['INTERRUPTED', 130],
    ['DEPENDENCY', 1],
  ] as const)('gives a %s error one line and the exit code %d', (code, exitCode) => {
    expect(reportError(pxvError(code))).toBe(exitCode);
    expect(written.stderr).toBe('pxv: read video: a.mp4: expected a file, received none; check the path\n');
  });

  test('keeps an error of any other kind to one line that points to PXV_DEBUG', () => {
    expect(reportError(new TypeError('x is not\n  a function'))).toBe(1);
    expect(written.stderr).toBe(
      'pxv: unexpected error: TypeError: x is not a function; set PXV_DEBUG=1 to see where\n',
    );
  });

  test('says that memory is out where no array can be made', () => {
    expect(reportError(new RangeError('Array buffer allocation failed'))).toBe(1);
    expect(written.stderr).toMatch(/^pxv: out of memory: no room for an array; give less at once [^\n]*\n$/);
  });

  test('takes a value that is no error', () => {
    expect(reportError('nothing')).toBe(1);
    expect(written.stderr).toMatch(/^pxv: unexpected error: nothing; /);
  });

  test('adds the stack and its causes with PXV_DEBUG=1', () => {
    process.env.PXV_DEBUG = '1';
    reportError(new Error('outer', { cause: new Error('inner') }));
    expect(written.stderr).toMatch(/^pxv: unexpected error: Error: outer\nError: outer\n +at .*/);
    expect(written.stderr).toMatch(/^caused by Error: inner\n +at /m);
  });
});

describe('run', () => {
  function execute(action: () => Promise<CommandResult>, args: string[] = []): Promise<Command> {
    const command = new Command('look').option('--json').action(run(action));
    throwUsageError(command);
    return command.parseAsync(args, { from: 'user' });
  }

  test('prints the text of the report', async () => {
    await execute(() => Promise.resolve({ text: 'fine\n', json: { fine: true } }));
    expect(written).toEqual({ stdout: 'fine\n', stderr: '' });
  });

  test('prints no character that a terminal would obey, as a name of a file may hold it', async () => {
    const name = 'a\x1b[31m\x07b\x9b1mé.mp4';
    await execute(() => Promise.resolve({ text: `${name}\n  fine\there`, json: {} }));
    reportError(new Error(name));
    const shown = 'a\ufffd[31m\ufffdb\ufffd1mé.mp4';
    expect(written.stdout).toBe(`${shown}\n  fine\there\n`);
    expect(written.stderr).toContain(shown);
  });

  test('prints the object of the report with --json, seeds as strings', async () => {
    for (const seed of [2n ** 64n - 1n, 7, '7'])
      await execute(() => Promise.resolve({ text: 'fine', json: { seed, bitsPerDim: 2.5 } }), ['--json']);
    const seeds = ['18446744073709551615', '7', '7'];
    expect(written.stdout).toBe(seeds.map((seed) => `{"version":2,"seed":"${seed}","bitsPerDim":2.5}\n`).join(''));
  });

  test('gives the action its arguments and options, in commander order', async () => {
    const given: unknown[] = [];
    const command = new Command('look')
      .argument('<clip>')
      .option('--next <n>')
      .action(
        run((_, clip: string, options: { next: string }) => {
          given.push(clip, options);
          return Promise.resolve({ text: '', json: {} });
        }),
      );
    await command.parseAsync(['a.mp4', '--next', '3'], { from: 'user' });
    expect(given).toEqual(['a.mp4', { next: '3' }]);
  });

  test('passes errors on and stops listening for signals', async () => {
    const before = process.listenerCount('SIGINT');
    await expect(execute(() => Promise.reject(pxvError('INPUT')))).rejects.toMatchObject({ code: 'INPUT' });
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

test('throwUsageError reaches the commands below and names the one whose help to read', async () => {
  const top = new Command('pxv');
  top.command('datasets').command('get').argument('<name>');
  throwUsageError(top);
  await expect(top.parseAsync(['datasets', 'get'], { from: 'user' })).rejects.toMatchObject({
    code: 'commander.missingArgument',
    message: "missing required argument 'name'; see pxv datasets get --help",
  });
  expect(written).toEqual({ stdout: '', stderr: '' });
});
