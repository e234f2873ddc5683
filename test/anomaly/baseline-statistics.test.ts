import { FrameRegions } from '../../src/anomaly/frame-regions.js';
import { BaselineStatistics } from '../../src/anomaly/baseline-statistics.js';

const wave = (time: number, at: number) => at + (1 + at) * Math.sin(2.3 * time + at);

test('deviations are those from the mean, in standard deviations, where much was seen', () => {
  const values = Array.from({ length: 400 }, (_, time) => wave(time, 1));
  const statistics = new BaselineStatistics(1, 1e-9);
  for (const value of values) statistics.learn([value]);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
  expect(statistics.zScores([3])[0]).toBeCloseTo((3 - mean) / Math.sqrt(variance), 1);
});

test('what all values have in common is no deviation, and what one has alone is', () => {
  const statistics = new BaselineStatistics(5, 10);
  const at = (common: number, own = 0) => [1, 2, 3, 4, 5].map((value, at) => value + common + (at === 2 ? own : 0));
  for (let time = 0; time < 100; time++) statistics.learn(at(3 * Math.sin(time), 0.3 * Math.cos(7 * time)));
  expect(Math.max(...statistics.zScores(at(9)).map(Math.abs))).toBeLessThan(0.5);
  expect(statistics.zScores(at(9, 2))[2]).toBeGreaterThan(5);
  // How values differ among themselves, always, makes no deviation seem common.
  const even = new BaselineStatistics(3, 100);
  for (let time = 0; time < 50; time++) even.learn([0, 10, 20]);
  expect(even.zScores([2, 10, 20])[0]).toBeGreaterThan(5);
  expect(new BaselineStatistics(2, 100).zScores([5, 10])).toEqual(Float64Array.of(0, 0));
});

test('what stands out is not soon part of the baseline, and what is long ago is forgotten', () => {
  for (const memory of [50, Infinity]) {
    const statistics = new BaselineStatistics(1, 10, memory);
    for (let time = 0; time < 200; time++) statistics.learn([Math.sin(time)]);
    const [before] = statistics.zScores([100]);
    statistics.learn([100]);
    expect(statistics.zScores([100])[0]).toBeGreaterThan(0.8 * before);
    if (memory === Infinity) continue;
    for (let time = 0; time < 300; time++) statistics.learn([7 + Math.sin(time)]);
    expect(Math.abs(statistics.zScores([7])[0])).toBeLessThan(0.5);
  }
});

test('a state goes on as if it had never been saved', () => {
  const first = new BaselineStatistics(2, 10, 20);
  const second = new BaselineStatistics(2, 10, 20);
  for (let time = 0; time < 30; time++) first.learn([wave(time, 0), wave(time, 1)]);
  second.restore(JSON.parse(JSON.stringify(first)) as ReturnType<BaselineStatistics['toJSON']>);
  for (const usual of [first, second]) usual.learn([1, 2]);
  expect(second.zScores([3, 4])).toEqual(first.zScores([3, 4]));
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
