import type { CostedFrame } from '../../src/anomaly/mean-costs.js';
import { scoreFullClip } from '../../src/anomaly/full-clip-scores.js';
import { randomFloats } from '../random.js';

const size = { width: 16, height: 12 };

/** Bits of frames that cost about the same everywhere, but for a corner of some. */
function costed(count: number, ...surprising: number[]): CostedFrame[] {
  return Array.from({ length: count }, (_, at) => {
    const map = Float64Array.from(randomFloats(size.width * size.height, at + 1), (value) => 5 + value / 4);
    if (surprising.includes(at)) for (let y = 8; y < 12; y++) for (let x = 0; x < 4; x++) map[y * size.width + x] = 20;
    return { map };
  });
}

test('a clip of a second tells its own moment, where it is and when', () => {
  const { scores, events } = scoreFullClip(costed(25, 14, 15), size, 25);
  expect(scores).toHaveLength(25);
  expect(events[0]).toMatchObject({ from: 15, to: 16 });
  expect(events[0].box.x).toBeLessThanOrEqual(1);
  expect(events[0].box.y).toBeGreaterThanOrEqual(8);
  expect(Math.max(...scores)).toBe(scores[events[0].peak - 1]);
});

test('of no frames nothing is told', () => {
  expect(scoreFullClip([], size, 25)).toEqual({ scores: [], events: [] });
});
