import { FrameRegions } from '../../src/anomaly/frame-regions.js';
import { BaselineStatistics } from '../../src/anomaly/baseline-statistics.js';

const wave = (time: number, at: number) => at + (1 + at) * Math.sin(2.3 * time + at);

test('deviations are those from the mean, in standard deviations, where much was seen', () => {
  const times = Array.from({ length: 400 }, (_, time) => [0, 1, 2].map((at) => wave(time, at)));
  const usual = new BaselineStatistics(3, 1e-9);
  for (const values of times) usual.learn(values);
  const probe = [3, 0, -2];
  const slow = probe.map((value, at) => {
    const own = times.map((values) => values[at]);
    const mean = own.reduce((a, b) => a + b) / own.length;
    const variance = own.reduce((sum, each) => sum + (each - mean) ** 2, 0) / own.length;
    return (value - mean) / Math.sqrt(variance);
  });
  const found = usual.zScores(probe);
  slow.forEach((deviation, at) => expect(found[at]).toBeCloseTo(deviation, 1));
});

test('while little was seen, values deviate as they do among themselves', () => {
  const usual = new BaselineStatistics(2, 100);
  for (let time = 0; time < 4; time++) usual.learn([0, 10]);
  // Each is always the same; among themselves they deviate by 5.
  expect(usual.zScores([5, 10])[0]).toBeCloseTo(1, 1);
  expect(new BaselineStatistics(2, 100).zScores([5, 10])).toEqual(Float64Array.of(0, 0));
});

test('what stands out is not soon usual, and what is long ago is forgotten', () => {
  const usual = new BaselineStatistics(1, 10, 50);
  for (let time = 0; time < 200; time++) usual.learn([Math.sin(time)]);
  const [before] = usual.zScores([100]);
  usual.learn([100]);
  expect(usual.zScores([100])[0]).toBeGreaterThan(0.8 * before);
  for (let time = 0; time < 300; time++) usual.learn([7 + Math.sin(time)]);
  expect(Math.abs(usual.zScores([7])[0])).toBeLessThan(0.5);
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
