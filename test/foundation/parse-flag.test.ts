import { decimalNumber, frameRate, path, seed, size, wholeNumber } from '../../src/foundation/parse-flag.js';
import { refusal } from '../commands/refusal.js';

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

test('frameRate takes decimals and fractions', () => {
  expect(['10', '29.97', '25/2'].map((text) => frameRate(text, '--fps'))).toEqual([
    { numerator: 10, denominator: 1 },
    { numerator: 30000, denominator: 1001 },
    { numerator: 25, denominator: 2 },
  ]);
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
