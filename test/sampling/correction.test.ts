import { Philox } from '../../src/foundation/philox.js';
import {
  Correction,
  CorrectionRegression,
  historyStatistics,
  type Expectation,
  type HistoryStatistics,
} from '../../src/sampling/correction.js';

const size = { width: 5, height: 4 };
const shape = { size, channels: 3, levels: 256 } as const;
const length = 4 * 5 * 3;
const philox = new Philox(11n);
const bytes = (stream: number) => Uint8Array.from({ length }, (_, at) => philox.uniform(stream, at, 0, 0) * 256);
const known = (stream: number): HistoryStatistics =>
  historyStatistics([bytes(stream), bytes(stream + 1), bytes(stream + 2)], shape);
const expectation = (stream: number, longerStrides: number): Expectation => ({
  mean: bytes(stream),
  longerStrides: Array.from({ length: longerStrides }, (_, at) => bytes(stream + 1 + at)),
});

/** Binomial weights over 5 x 5 pixels, those beyond an edge taken from the edge, once and again. */
function blurred(frame: ArrayLike<number>, times: number): ArrayLike<number> {
  const choose = [1, 4, 6, 4, 1];
  const within = (place: number, count: number) => Math.max(0, Math.min(count - 1, place));
  if (times === 0) return frame;
  const before = blurred(frame, times - 1);
  return Array.from({ length }, (_, at) => {
    const y = Math.floor(at / 15);
    const x = Math.floor(at / 3) % 5;
    const c = at % 3;
    let sum = 0;
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++) {
        const from = (within(y + dy, 4) * 5 + within(x + dx, 5)) * 3 + c;
        sum += (choose[dy + 2] * choose[dx + 2] * before[from]) / 256;
      }
    return sum;
  });
}

function deviations(
  { mean, longerStrides }: Expectation,
  { last, before, mean: average }: HistoryStatistics,
): number[][] {
  const change = Array.from({ length }, (_, at) => {
    const of = [0, 1, 2].map((c) => at - (at % 3) + c);
    return of.reduce((sum, place) => sum + Math.abs(last[place] - before[place]), 0) / 3;
  });
  const stirred = blurred(change, 2);
  const stands = Array.from(mean, (byte, at) => byte + Math.exp(-stirred[at] / 4) * (last[at] - byte));
  const others = [...longerStrides, last, before, average, blurred(mean, 1), blurred(mean, 4), stands];
  return others.map((other) => Array.from(mean, (byte, at) => other[at] - byte));
}

/** What is minimised: squares of what the corrected frames still err by, and of the weights. */
function loss(weights: readonly number[], seen: readonly { rows: number[][]; error: number[] }[]): number {
  let sum = 81 * length * weights.reduce((all, weight) => all + weight ** 2, 0);
  for (const { rows, error } of seen)
    for (let at = 0; at < length; at++) {
      const corrected = weights.reduce((all, weight, row) => all + weight * rows[row][at], 0);
      sum += (error[at] - corrected) ** 2;
    }
  return sum;
}

test('the weights minimise the squares that are left and their own, for each frame ahead apart', () => {
  const regression = new CorrectionRegression(shape);
  const longerStrides = [0, 2];
  const seen: { rows: number[][]; error: number[] }[][] = [[], []];
  for (let place = 0; place < 4; place++)
    for (const ahead of [1, 2]) {
      const stream = 100 * place + 20 * ahead;
      const expected = expectation(stream, longerStrides[ahead - 1]);
      const before = known(stream + 8);
      const truth = bytes(stream + 12);
      regression.add(ahead, expected, before, truth);
      seen[ahead - 1].push({
        rows: deviations(expected, before),
        error: Array.from(truth, (byte, at) => byte - expected.mean[at]),
      });
    }
  const { weights } = regression.correction(known(900));
  expect(weights.map((of) => of.length)).toEqual([6, 8]);
  for (const [ahead, of] of weights.entries()) {
    const least = loss([...of], seen[ahead]);
    // A square function has its minimum where it rises alike both ways.
    for (let row = 0; row < of.length; row++) {
      const [more, less] = [0.01, -0.01].map((step) =>
        loss(
          [...of].map((weight, at) => weight + (at === row ? step : 0)),
          seen[ahead],
        ),
      );
      expect(more).toBeGreaterThan(least);
      expect(Math.abs(more - less) / (more + less - 2 * least)).toBeLessThan(1e-4);
    }
  }
});

test('what is known of a place: its last two frames, the mean of 128 at most, and where it stands still', () => {
  const frames = Array.from({ length: 131 }, (_, at) => bytes(5000 + at));
  const { last, before, mean, stillness } = historyStatistics(frames, shape);
  expect([before, last]).toEqual(frames.slice(-2));
  for (let at = 0; at < length; at++) {
    expect(mean[at]).toBeCloseTo(frames.slice(3).reduce((sum, frame) => sum + frame[at], 0) / 128, 3);
    expect(stillness[at]).toBeLessThan(0.1);
  }
  expect([...historyStatistics([last, last], shape).stillness]).toEqual(Array.from({ length }, () => 1));
});

test('a frame is corrected by the weighed deviations of what is expected and known', () => {
  const weights = [
    [0.1, 0.2, 0.3, -0.1, 0.2, 0.05],
    [0.5, -0.5, 0.25, 0.125, 0.1, -0.2, 0.3],
    [0.4, 0.1, -0.2, 0.1, 0.3, 0.2, -0.1],
    [0.1, -0.1, 0.2, 0.3, 0.6, 0.1, 0.2, -0.3],
  ].map((of) => Float64Array.from(of));
  const before = known(1000);
  const longerStrides = [0, 1, 1, 2, 0, 1, 1, 2, 0];
  const correction = new Correction(shape, before, weights);
  for (const [index, count] of longerStrides.entries()) {
    const expected = expectation(2000 + 10 * index, count);
    const of = weights[index % 4];
    const rows = deviations(expected, before);
    const frame = correction.correct(index + 1, expected);
    for (let at = 0; at < length; at++) {
      const deviation = rows.reduce((sum, row, place) => sum + of[place] * row[at], 0);
      expect(frame[at]).toBeCloseTo(expected.mean[at] + deviation, 3);
    }
  }
});

test('a frame that is expected at other strides than those learned is refused', () => {
  const correction = new Correction(shape, known(1000), [Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]);
  expect(() => correction.correct(1, expectation(1100, 2))).toThrow(
    /^correct expected frames: frame 1 ahead: expected 6 deviations, as in the hindcasts, received 8; /,
  );
});

test('where the truth always was the last frame, what is expected comes near to that', () => {
  const regression = new CorrectionRegression(shape);
  for (let place = 0; place < 8; place++) {
    const before = known(3000 + 10 * place);
    regression.add(1, expectation(3004 + 10 * place, 1), before, before.last);
  }
  const before = known(4000);
  const expected = expectation(4004, 1);
  const distance = (frame: ArrayLike<number>) =>
    Math.sqrt(Array.from(before.last, (byte, at) => (byte - frame[at]) ** 2).reduce((sum, x) => sum + x) / length);
  expect(distance(regression.correction(before).correct(1, expected))).toBeLessThan(0.05 * distance(expected.mean));
});
