import { Command } from 'commander';
import { z } from 'zod';
import { addFields, computing, decimalNumber, frameRate, path, seed, size, wholeNumber } from '../../cli/options.js';
import { throwUsageError } from '../../cli/action.js';
import type { BackendOptions } from '../../src/backend/choose-backend.js';
import * as fields from '../../src/options/fields.js';
import { pickOptions } from '../../src/options/fields.js';

function refusal(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

test('wholeNumber takes whole numbers in its range, both ends included', () => {
  expect(['1', '+7', '64'].map((text) => wholeNumber(text, '--batch', 1, 64))).toEqual([1, 7, 64]);
  expect(wholeNumber('100000', '--next', 1)).toBe(100000);
});

test.each(['0', '65', '1.5', '', 'x', '1e2', 'NaN', '0x10'])('wholeNumber from 1 to 64 refuses "%s"', (text) => {
  expect(refusal(() => wholeNumber(text, '--batch', 1, 64))).toBe(
    `USAGE: read options: --batch: expected a whole number from 1 to 64, received "${text}"; give one such as ` +
      '--batch 1',
  );
});

test('wholeNumber without an upper end says so', () => {
  expect(refusal(() => wholeNumber('0', '--next', 1))).toMatch(/expected a whole number of 1 or more, received "0"/);
  expect(refusal(() => wholeNumber('9007199254740992', '--next', 1))).toMatch(
    /a whole number from 1 to 9007199254740991,/,
  );
});

test('decimalNumber takes numbers in its range, and leaves out its lower end where above', () => {
  expect(['0', '1e-3', '2.5'].map((text) => decimalNumber(text, '--temperature', { min: 0 }))).toEqual([0, 0.001, 2.5]);
  expect(decimalNumber('1', '--rate', { min: 0, max: 1, above: true })).toBe(1);
  expect(refusal(() => decimalNumber('0', '--rate', { min: 0, max: 1, above: true }))).toBe(
    'USAGE: read options: --rate: expected a number above 0 and at most 1, received "0"; give one in this range',
  );
});

test.each(['-1', 'hot', ' ', 'Infinity', 'NaN'])('decimalNumber of at least 0 refuses "%s"', (text) => {
  expect(refusal(() => decimalNumber(text, '--temperature', { min: 0 }))).toMatch(
    /^USAGE: .*--temperature: expected a number of at least 0, received /,
  );
});

test('path refuses an empty name, as that of a variable that is not set', () => {
  expect(path('a b', '--out')).toBe('a b');
  expect(refusal(() => path('', '--out'))).toBe(
    'USAGE: read options: --out: expected the name of a file or folder, received ""; ' +
      'give a name, or leave out the option',
  );
});

test('size takes width x height', () => {
  expect(size('64x48', '--size')).toEqual({ width: 64, height: 48 });
});

test.each(['64', '64x', '0x48', '64x48x3', '64 x 48', '-1x5'])('size refuses "%s"', (text) => {
  expect(refusal(() => size(text, '--size'))).toBe(
    `USAGE: read options: --size: expected width x height in pixels, received "${text}"; write it as in --size 64x48`,
  );
});

test('frameRate takes decimals and fractions, --fps of clips that are read for a model the word model too', () => {
  expect(['10', '29.97', '25/2'].map((text) => frameRate(text, '--fps'))).toEqual([
    { numerator: 10, denominator: 1 },
    { numerator: 30000, denominator: 1001 },
    { numerator: 25, denominator: 2 },
  ]);
  const fps = (text: string) =>
    addFields(new Command(), { rate: fields.frameRate }).parse(['--fps', text], { from: 'user' }).opts()
      .rate as unknown;
  expect([fps('model'), fps('10')]).toEqual(['model', { numerator: 10, denominator: 1 }]);
});

test.each(['0', 'model', '-1', '1/0', ''])('frameRate refuses "%s"', (text) => {
  expect(refusal(() => frameRate(text, '--fps'))).toBe(
    `USAGE: read options: --fps: expected frames per second, above 0 and at most 1000, received "${text}"; ` +
      'give them as in --fps 10, --fps 12.5 or --fps 30000/1001',
  );
});

test('seed takes 64 bits, as a number where one can hold it', () => {
  expect(['0', '9007199254740991', '9007199254740992', '18446744073709551615'].map(seed)).toEqual([
    0,
    9007199254740991,
    9007199254740992n,
    18446744073709551615n,
  ]);
});

test.each(['-1', '1.5', '18446744073709551616', 'dice', ''])('seed refuses "%s"', (text) => {
  expect(refusal(() => seed(text))).toBe(
    `USAGE: read options: --seed: expected a whole number from 0 to 2^64 - 1, received "${text}"; give one ` +
      'such as --seed 1',
  );
});

describe('a field of a task', () => {
  const { withFlag, booleanFlag } = fields;
  const shape = {
    horizon: withFlag(fields.positiveInteger.default(8), 'frames', 'how many', { name: 'next', max: 9 }),
    onlyThese: booleanFlag('leave others out'),
    from: withFlag(fields.nonNegativeInteger.nullish(), 'frame', 'the first'),
    split: withFlag(z.enum(['train', 'test']).default('test'), 'name', 'which', { group: 'Data:' }),
    out: withFlag(z.string().optional(), 'path', 'where'),
    colours: withFlag(z.enum({ many: 3, one: 1 }).optional(), 'name', 'how many'),
    widths: withFlag(z.array(fields.positiveInteger).optional(), 'width...', 'of each', { max: 9 }),
    rate: withFlag(fields.positiveNumber.optional(), 'rate', 'how fast', { max: 10 }),
    mirror: booleanFlag('left and right swapped', { negatable: true }),
  };
  const command = () => addFields(new Command('task'), shape);
  const parse = (...args: string[]) => command().parse(args, { from: 'user' }).opts();

  test('gives its flag, under the name of the field', () => {
    expect(parse()).toEqual({ horizon: 8, split: 'test' });
    expect(parse('--next', '9', '--only-these', '--from', '0', '--split', 'train', '--out', 'a')).toEqual({
      horizon: 9,
      onlyThese: true,
      from: 0,
      split: 'train',
      out: 'a',
    });
  });

  test('takes lists, words for numbers, and a switch that is turned off', () => {
    expect(parse('--widths', '2', '3', '--colours', 'one', '--rate', '0.5', '--no-mirror')).toMatchObject({
      widths: [2, 3],
      colours: 1,
      rate: 0.5,
      mirror: false,
    });
    expect(parse('--mirror').mirror).toBe(true);
  });

  test('gives the help, with the default and the choices', () => {
    const help = command().helpInformation();
    expect(help).toMatch(/--next <frames> +how many \(default: 8\)/);
    expect(help).toMatch(/--only-these +leave others out\n/);
    expect(help).toMatch(/--\[no-\]mirror +left and right swapped\n/);
    expect(help).not.toMatch(/--no-mirror/);
    expect(help).toMatch(/Data:\n +--split <name> +which \(choices: "train", "test", default: "test"\)/);
  });

  test.each([
    [['--next', '10'], /--next: expected a whole number from 1 to 9, received "10"/],
    [['--from', '-1'], /--from: expected a whole number of 0 or more/],
    [['--out', ''], /--out: expected the name of a file or folder/],
    [['--widths', '1', '10'], /--widths: expected a whole number from 1 to 9, received "10"/],
    [['--rate', '0'], /--rate: expected a number above 0 and at most 10, received "0"/],
  ])('refuses %j by the name of the flag', (args, message) => {
    expect(refusal(() => parse(...args))).toMatch(message);
  });

  test('goes to the task where it is given, and alone', () => {
    const options = { horizon: 2, split: 'test' as const, from: undefined, threads: 3 };
    expect(pickOptions(shape, options)).toEqual({ horizon: 2, split: 'test' });
  });
});

describe('the shared options', () => {
  function parse(...args: string[]): BackendOptions & { seed: number } {
    const command = addFields(new Command('train'), { ...computing, seed: fields.seed });
    throwUsageError(command);
    return command.parse(args, { from: 'user' }).opts();
  }

  test('are absent where not given, except the seed', () => {
    expect(parse()).toEqual({ seed: 1 });
  });

  test('are parsed where given', () => {
    const args = ['--threads', '2', '--backend', 'native', '--instruction-set', 'wasm', '--seed', '5'];
    expect(parse(...args)).toEqual({ threads: 2, backend: 'native', instructionSet: 'wasm', seed: 5 });
  });

  test('refuse a backend that does not exist by naming those that do', () => {
    expect(refusal(() => parse('--backend', 'gpu'))).toBe(
      "commander.invalidArgument: option '--backend <name>' argument 'gpu' is invalid. " +
        'Allowed choices are native, cpu, tensorflow, webgpu; see train --help',
    );
  });

  test('refuse a wrong number of threads in one line', () => {
    expect(refusal(() => parse('--threads', 'all'))).toMatch(
      /^USAGE: .*expected a whole number from 1 to 256, received/,
    );
  });
});
