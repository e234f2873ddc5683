import { FrameRegions } from '../../src/anomaly/frame-regions.js';
import { computeZScores, emptyStatistics, learnObservation } from '../../src/anomaly/baseline-statistics.js';

const wave = (time: number, at: number) => at + (1 + at) * Math.sin(2.3 * time + at);

/** Statistics of observations, in order. */
const learned = (observations: readonly (readonly number[])[], prior: number, memory?: number) =>
  observations.reduce(
    (statistics, values) => learnObservation(statistics, values, prior, memory),
    emptyStatistics(observations[0].length),
  );

test('deviations are those from the mean, in standard deviations, where much was seen', () => {
  const values = Array.from({ length: 400 }, (_, time) => wave(time, 1));
  const prior = 1e-9;
  const statistics = learned(
    values.map((value) => [value]),
    prior,
  );
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
  expect(computeZScores(statistics, [3], prior)[0]).toBeCloseTo((3 - mean) / Math.sqrt(variance), 1);
});

test('what all values have in common is no deviation, and what one has alone is', () => {
  const at = (common: number, own = 0) => [1, 2, 3, 4, 5].map((value, at) => value + common + (at === 2 ? own : 0));
  const times = Array.from({ length: 100 }, (_, time) => at(3 * Math.sin(time), 0.3 * Math.cos(7 * time)));
  const statistics = learned(times, 10);
  expect(Math.max(...computeZScores(statistics, at(9), 10).map(Math.abs))).toBeLessThan(0.5);
  expect(computeZScores(statistics, at(9, 2), 10)[2]).toBeGreaterThan(5);
  // How values differ among themselves, always, makes no deviation seem common.
  const even = learned(new Array<number[]>(50).fill([0, 10, 20]), 100);
  expect(computeZScores(even, [2, 10, 20], 100)[0]).toBeGreaterThan(5);
  expect(computeZScores(emptyStatistics(2), [5, 10], 100)).toEqual([0, 0]);
});

test('what stands out is not soon part of the baseline, and what is long ago is forgotten', () => {
  for (const memory of [50, Infinity]) {
    const observed = Array.from({ length: 200 }, (_, time) => [Math.sin(time)]);
    const statistics = learned(observed, 10, memory);
    const [before] = computeZScores(statistics, [100], 10);
    expect(computeZScores(learned([...observed, [100]], 10, memory), [100], 10)[0]).toBeGreaterThan(0.8 * before);
    if (memory === Infinity) continue;
    const later = Array.from({ length: 300 }, (_, time) => [7 + Math.sin(time)]);
    const [after] = computeZScores(learned([...observed, [100], ...later], 10, memory), [7], 10);
    expect(Math.abs(after)).toBeLessThan(0.5);
  }
});

test('a state goes on as if it had never been saved, and is not changed by what is learned later', () => {
  const first = learned(
    Array.from({ length: 30 }, (_, time) => [wave(time, 0), wave(time, 1)]),
    10,
    20,
  );
  const saved = JSON.stringify(first);
  const [whole, resumed] = [first, JSON.parse(saved) as typeof first].map((statistics) =>
    computeZScores(learnObservation(statistics, [1, 2], 10, 20), [3, 4], 10),
  );
  expect(resumed).toEqual(whole);
  expect(JSON.stringify(first)).toBe(saved);
});

test.each([
  [64, 64],
  [96, 64],
  [53, 31],
  [3, 2],
])('places of %dx%d cover the frame, and their means are means', (width, height) => {
  const places = new FrameRegions({ width, height });
  const map = Float64Array.from({ length: width * height }, (_, at) => (at * 7919) % 101);
  const means = places.regionMeans(map);
  const covered = new Set<number>();
  places.boxes.forEach((box, place) => {
    let sum = 0;
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        expect(x < width && y < height).toBe(true);
        sum += map[y * width + x];
        covered.add(y * width + x);
      }
    }
    expect(means[place]).toBeCloseTo(sum / (box.width * box.height), 9);
  });
  expect(covered.size).toBe(width * height);
});
