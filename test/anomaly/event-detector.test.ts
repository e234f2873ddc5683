import { EventDetector } from '../../src/anomaly/event-detector.js';

const box = { x: 0, y: 0, width: 8, height: 8 };
const RATE = 10;

/** Events of scores, as from, to, peak and score, and the frames at which each was over. */
function eventsOf(scores: readonly number[], threshold?: number) {
  const detector = new EventDetector(RATE, threshold);
  const over = scores.flatMap((score, at) => (detector.add(at, score, box) === null ? [] : [at]));
  if (detector.end() !== null) over.push(scores.length);
  return { events: detector.events.map(({ from, to, peak, score }) => [from, to, peak, score]), over };
}

function scoresWith(changes: Record<number, number>, count = 100): number[] {
  return Array.from({ length: count }, (_, at) => changes[at] ?? 0.3);
}

test('an event extends from where the score rises above the baseline to where it last falls, the highest first', () => {
  const scores = scoresWith({ 20: 1.2, 21: 4, 22: 1.1, 70: 5 });
  expect(eventsOf(scores)).toEqual({
    events: [
      [70, 70, 70, 5],
      [20, 22, 21, 4],
    ],
    over: [28, 76],
  });
});

test('gaps up to half a second belong to an event, and neighbours beyond are events of their own', () => {
  // The appearance of something, and its disappearance 0.7 seconds later.
  expect(eventsOf(scoresWith({ 70: 3.3, 77: 4.6 })).events).toEqual([
    [77, 77, 77, 4.6],
    [70, 70, 70, 3.3],
  ]);
  expect(eventsOf(scoresWith({ 70: 3.3, 75: 4.6 })).events).toEqual([[70, 75, 75, 4.6]]);
});

test('each peak of at least the threshold lies in an event, and no event has a lower peak', () => {
  const scores = Array.from({ length: 2000 }, (_, at) => ((at * 7919) % 997) / 200 - 2);
  for (const threshold of [0.5, 1.5, 2.9]) {
    const { events } = eventsOf(scores, threshold);
    for (const [at, score] of scores.entries())
      if (score >= threshold) expect(events.some(([from, to]) => from <= at && at <= to)).toBe(true);
    expect(events.every(([from, to, peak, score]) => from <= peak && peak <= to && score >= threshold)).toBe(true);
  }
});

test('a stretch longer than 20 seconds becomes several events, so that each is told in time', () => {
  const { events, over } = eventsOf(new Array<number>(500).fill(2));
  expect(events).toEqual([
    [0, 200, 0, 2],
    [201, 401, 201, 2],
    [402, 499, 402, 2],
  ]);
  expect(over).toEqual([201, 402, 500]);
});

test('an event shows before it is over, and a state as JSON holds it goes on', () => {
  const detector = new EventDetector(RATE);
  detector.add(0, 2, box);
  expect(detector.events).toMatchObject([{ from: 0, to: 0, score: 2 }]);
  const state = JSON.parse(JSON.stringify(detector)) as ReturnType<EventDetector['toJSON']>;
  const later = new EventDetector(RATE, undefined, state);
  later.add(1, 3, box);
  expect(later.events).toMatchObject([{ from: 0, to: 1, peak: 1, score: 3 }]);
});
