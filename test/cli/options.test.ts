import { Command } from 'commander';
import { z } from 'zod';
import { addFields, computing } from '../../cli/options.js';
import { throwUsageError } from '../../cli/action.js';
import type { BackendOptions } from '../../src/backend/choose-backend.js';
import * as fields from '../../src/foundation/option-fields.js';
import { pickOptions } from '../../src/foundation/option-fields.js';
import { refusal } from '../commands/refusal.js';

test('--fps of clips that are read for a model takes the word model too', () => {
  const fps = (text: string) =>
    addFields(new Command(), { rate: fields.frameRate }).parse(['--fps', text], { from: 'user' }).opts()
      .rate as unknown;
  expect([fps('model'), fps('10')]).toEqual(['model', { numerator: 10, denominator: 1 }]);
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
