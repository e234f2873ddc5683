import { parseTimestamps } from '../../src/video/timestamps.js';

/** The list of frames of these presentation times, as FFmpeg writes it. */
const listed = (base: string, times: readonly (number | string)[]) =>
  [`#tb 0: ${base}`, '#dimensions 0: 192x108', ...times.map((time) => `0, ${time}, ${time}, 512, 100, 0xa1`)].join(
    '\n',
  );

test('frames at even times have a rate and a span', () => {
  expect(parseTimestamps(listed('1/15360', [0, 512, 1024]))).toEqual({
    count: 3,
    haveTimes: true,
    timing: { frameRate: { numerator: 30, denominator: 1 }, span: 1024 / 15360, times: 'even' },
  });
});

test('a frame without a time is counted, and the rate is that of the others', () => {
  const found = parseTimestamps(listed('1/15360', [0, 512, '-9223372036854775808', 1024]));
  expect(found).toMatchObject({ count: 4, haveTimes: false, timing: { times: 'even' } });
  expect(found.timing?.frameRate).toEqual({ numerator: 30, denominator: 1 });
});

test.each([
  ['a time base of 0', listed('0/15360', [0, 512])],
  ['a time base over 0', listed('1/0', [0, 512])],
  ['no time base', listed('', [0, 512])],
  ['two frames that are 2^63 seconds apart', listed('1/1', ['0', '9223372036854775807'])],
  ['two million frames per second', listed('1/2000000', [0, 1, 2, 3])],
  ['one frame', listed('1/25', [0])],
  ['frames of one time', listed('1/25', [3, 3])],
])('%s gives no rate', (_, report) => {
  expect(parseTimestamps(report).timing).toBeNull();
});
