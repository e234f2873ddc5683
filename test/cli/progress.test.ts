import { formatDuration, formatProgress, Progress } from '../../cli/progress.js';

function recorder(terminal?: { columns: number }) {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = {
    isTTY: terminal !== undefined,
    columns: terminal?.columns ?? 80,
    write: (text: string) => written.push(text),
  };
  return { clock, written, progress: new Progress(stream, () => clock.time) };
}

const state = { label: 'train', done: 0, total: 100, unit: 'steps' };

test('a line shows the fraction, the rate, the time to go and the fields in order', () => {
  const fields = { 'bits/dim': 3.21987, note: 'warm-up' };
  expect(formatProgress({ ...state, done: 12, fields }, 0.5)).toBe(
    'train  12/100 steps  12%  0.500/s  0:02:56 to go  bits/dim 3.220  note warm-up',
  );
});

test('a line shows no rate before there is one, and no time to go at the end', () => {
  expect(formatProgress(state, NaN)).toBe('train  0/100 steps  0%');
  expect(formatProgress({ ...state, done: 100 }, 4)).toBe('train  100/100 steps  100%  4.00/s');
});

test.each([
  [0, '0:00:00'],
  [59.6, '0:01:00'],
  [3725, '1:02:05'],
  [360000, '100:00:00'],
])('%d seconds are written %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

describe('without a terminal', () => {
  test('a plain line comes at most every 10 seconds, and once more at the end', () => {
    const { clock, written, progress } = recorder();
    for (let second = 0; second <= 25; second++) {
      clock.time = second * 1000;
      progress.show({ ...state, done: second });
    }
    progress.close();
    expect(written).toEqual([
      'train  10/100 steps  10%  1.00/s  0:01:30 to go\n',
      'train  20/100 steps  20%  1.00/s  0:01:20 to go\n',
      'train  25/100 steps  25%  1.00/s  0:01:15 to go\n',
    ]);
  });

  test('the rate counts only what was done since the start', () => {
    const { clock, written, progress } = recorder();
    progress.show({ ...state, done: 50 });
    clock.time = 10_000;
    progress.show({ ...state, done: 60 });
    expect(written).toEqual(['train  60/100 steps  60%  1.00/s  0:00:40 to go\n']);
  });

  test('another label starts another clock', () => {
    const { clock, written, progress } = recorder();
    progress.show({ ...state, done: 1 });
    clock.time = 20_000;
    progress.show({ ...state, label: 'evaluate', done: 0 });
    clock.time = 30_000;
    progress.show({ ...state, label: 'evaluate', done: 20 });
    expect(written[1]).toBe('evaluate  20/100 steps  20%  2.00/s  0:00:40 to go\n');
  });
});

describe('on a terminal', () => {
  test('one line rewrites itself, at most ten times a second, and ends with a line break', () => {
    const { clock, written, progress } = recorder({ columns: 80 });
    for (let step = 0; step <= 30; step++) {
      clock.time = step * 10;
      progress.show({ ...state, done: step });
    }
    progress.close();
    expect(written.length).toBe(6);
    expect(written.every((text) => text === '\n' || /^\r[^\n]*\x1b\[K$/.test(text))).toBe(true);
    expect(written.at(-1)).toBe('\n');
  });

  test('a line is cut to fit the terminal', () => {
    const { written, progress } = recorder({ columns: 10 });
    progress.show(state);
    expect(written).toEqual(['\rtrain  0/\x1b[K']);
  });

  test('a message goes above the progress', () => {
    const { written, progress } = recorder({ columns: 80 });
    progress.show(state);
    progress.say('saved');
    expect(written.slice(1)).toEqual(['\r\x1b[Ksaved\n', '\rtrain  0/100 steps  0%\x1b[K']);
  });
});

test('closing twice, or before anything was shown, writes nothing', () => {
  const { written, progress } = recorder();
  progress.close();
  progress.show(state);
  progress.close();
  progress.close();
  expect(written.length).toBe(1);
});
