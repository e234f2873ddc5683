import { EventDetector } from '../../src/anomaly/event-detector.js';
import { ScoreSmoother } from '../../src/anomaly/score-smoother.js';

const box = { x: 0, y: 0, width: 8, height: 8 };
const RATE = 10;

function momentsOf(scores: readonly number[]) {
  const moments = new EventDetector(RATE);
  scores.forEach((score, at) => moments.add(at + 1, score, box));
  moments.end();
  return moments.largest.map(({ from, to, peak, score }) => [from, to, peak, score]);
}

test('moments are the highest within a second of them, the largest first, with what belongs to each', () => {
  const scores = new Array<number>(60).fill(1);
  scores.splice(20, 3, 5, 6, 5);
  scores.splice(45, 1, 9);
  expect(momentsOf(scores).slice(0, 2)).toEqual([
    [46, 46, 46, 9],
    [21, 23, 22, 6],
  ]);
});

test('one in the last second is found, and where nothing was told yet there is none', () => {
  const scores = new Array<number>(30).fill(0);
  expect(momentsOf(scores)).toEqual([]);
  scores[28] = 4;
  expect(momentsOf(scores)).toEqual([[29, 29, 29, 4]]);
});

test('a score is the mean of the frame itself and of the second around it', () => {
  const deviations = Array.from({ length: 40 }, (_, at) => (at * 37) % 11);
  const smoothing = new ScoreSmoother(RATE);
  const scores = deviations.flatMap((deviation) => smoothing.add(deviation));
  scores.push(...smoothing.end());
  const slow = deviations.map((own, at) => {
    const around = deviations.filter((_, other) => Math.abs(other - at) <= RATE / 2);
    return (own + around.reduce((a, b) => a + b) / around.length) / 2;
  });
  expect(scores.length).toBe(40);
  scores.forEach((score, at) => expect(score).toBeCloseTo(slow[at], 9));
});
