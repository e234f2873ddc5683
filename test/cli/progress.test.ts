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

test('whole ones are shown, and the time to go follows from their parts', () => {
  expect(formatProgress({ ...state, done: 11.40625, total: 12 }, 0.5)).toBe(
    'train  11/12 steps  95%  0.500/s  0:00:01 to go',
  );
});

test('while the number is not known, the time that is given tells how far it is', () => {
  const time = { passed: 12, total: 1200 };
  expect(formatProgress({ ...state, done: 18, total: null, time }, 1.5)).toBe(
    'train  18 steps  1%  1.50/s  0:19:48 to go',
  );
  expect(formatProgress({ ...state, done: 18, time }, 1.5)).toMatch(/^train {2}18\/100 steps {2}18%/);
  expect(formatProgress({ ...state, done: 3, total: null }, NaN)).toBe('train  3 steps');
});

test.each([
  [84213.4, '84213/s'],
  [999.7, '1000/s'],
  [363, '363/s'],
  [36.34, '36.3/s'],
  [0.0123, '0.0123/s'],
])('a rate of %d is written %s', (rate, text) => {
  expect(formatProgress({ ...state, done: 100 }, rate)).toMatch(new RegExp(`  ${text}$`));
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

  test('where a line does not fit, names lose their middle, and the last fields are left out whole', () => {
    const fields = { clip: 'holiday/2024/clip-000123.mp4', 'bits/dim': 3.2199, 'examples/s': 363 };
    const line = (columns: number) => formatProgress({ ...state, fields }, NaN, columns);
    expect(line(200)).toBe(
      'train  0/100 steps  0%  clip holiday/2024/clip-000123.mp4  bits/dim 3.220  examples/s 363.0',
    );
    expect(line(80)).toBe('train  0/100 steps  0%  clip holiday...123.mp4  bits/dim 3.220  examples/s 363.0');
    expect(line(70)).toBe('train  0/100 steps  0%  clip holiday/202...-000123.mp4  bits/dim 3.220');
    expect(line(45)).toBe('train  0/100 steps  0%  clip holiday...23.mp4');
    expect(line(40)).toBe('train  0/100 steps  0%');
  });

  test('a line is cut to fit the terminal', () => {
    const { written, progress } = recorder({ columns: 10 });
    progress.show(state);
    expect(written).toEqual(['\rtrain  0/\x1b[K']);
  });

  test('a terminal that does not know its width gets whole lines', () => {
    const { written, progress } = recorder({ columns: 0 });
    progress.show(state);
    expect(written).toEqual(['\rtrain  0/100 steps  0%\x1b[K']);
  });

  test('a message goes above the progress', () => {
    const { written, progress } = recorder({ columns: 80 });
    progress.show(state);
    progress.log('saved');
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

test('names reach a terminal without what it would obey', () => {
  for (const terminal of [undefined, { columns: 200 }]) {
    const { clock, written, progress } = recorder(terminal);
    progress.show({ ...state, fields: { clip: 'a\x1b[31m\nb.mp4' } });
    clock.time = 20_000;
    progress.show({ ...state, done: 1, fields: { clip: 'a\x1b[31m\nb.mp4' } });
    progress.log('c\x07.mp4');
    expect(written.join('')).toContain('a\ufffd[31m\ufffdb.mp4');
    expect(written.join('')).toContain('c\ufffd.mp4\n');
  }
});
