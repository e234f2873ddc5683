import { formatFrameRate, isSameRate, parseFrameRate, roundRate } from '../../src/foundation/frame-rate.js';

const rate = (text: string) => parseFrameRate(text)!;

describe('a text that means a frame rate', () => {
  it.each([
    ['10', '10'],
    ['010', '10'],
    ['12.5', '25/2'],
    ['7.3', '73/10'],
    ['30.00', '30'],
    ['0.5', '1/2'],
    ['29.97', '30000/1001'],
    ['23.976', '24000/1001'],
    ['23.98', '24000/1001'],
    ['59.94', '60000/1001'],
    ['29.9', '299/10'],
    ['30000/1001', '30000/1001'],
    ['50/2', '25'],
    ['1000', '1000'],
    ['29.970001', '29970001/1000000'],
    ['999.999999', '999999999/1000000'],
  ])('%s is %s, and comes back from its own text', (text, exact) => {
    expect(formatFrameRate(rate(text))).toBe(exact);
    expect(parseFrameRate(exact)).toEqual(rate(text));
  });

  it.each([
    '0',
    '0.0',
    '-5',
    '',
    ' 10',
    '1e2',
    '10/0',
    '0/0',
    '1001',
    'model',
    '10fps',
    '10/1.5',
    '4294967296/9999999',
  ])('"%s" is none', (text) => {
    expect(parseFrameRate(text)).toBeNull();
  });
});

test('rates of film, PAL and NTSC that stand for one another are the same, a sixth more is not', () => {
  expect(isSameRate(rate('24'), rate('25'))).toBe(true);
  expect(isSameRate(rate('29.97'), rate('30'))).toBe(true);
  expect(isSameRate(rate('25'), rate('30'))).toBe(false);
  expect(isSameRate(rate('30'), rate('25'))).toBe(false);
});

test('a rate is shown to people with two decimals at most', () => {
  expect(['30000/1001', '25', '25/2'].map((text) => roundRate(rate(text)))).toEqual(['29.97', '25', '12.5']);
});
