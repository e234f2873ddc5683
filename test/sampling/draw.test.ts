import { checkDrawSettings } from '../../src/sampling/draw.js';
import { Noise } from '../../src/sampling/noise.js';
import { drawLevel } from './draw-level.js';
import { uniform } from './uniform.js';

function frequencies(probabilities: number[], temperature = 1, draws = 20_000): number[] {
  const noise = new Noise(11);
  const stream = { sample: 0, frame: 0, scale: 0 };
  const counts = probabilities.map(() => 0);
  const weights = Float64Array.from(probabilities);
  for (let i = 0; i < draws; i++)
    counts[drawLevel(weights, weights.length, uniform(noise, stream, i, 0), temperature)]++;
  return counts.map((count) => count / draws);
}

function expectClose(received: number[], expected: number[]): void {
  received.forEach((value, level) => expect(Math.abs(value - expected[level])).toBeLessThan(0.015));
}

describe('drawLevel', () => {
  test('takes the first level whose cumulative sum exceeds u', () => {
    const probabilities = Float64Array.of(0.25, 0.5, 0.25);
    const at = (u: number) => drawLevel(probabilities, 3, u, 1);
    expect([0.1, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map(at)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('never returns a level of probability zero, at either end', () => {
    const probabilities = Float64Array.of(0, 0.5, 0, 0.5, 0);
    expect(drawLevel(probabilities, 5, 2 ** -33, 1)).toBe(1);
    expect(drawLevel(probabilities, 5, 0.5, 1)).toBe(3);
    expect(drawLevel(probabilities, 5, 1 - 2 ** -33, 1)).toBe(3);
  });

  test('reads only the first `levels` entries and does not need them normalised', () => {
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.74, 1)).toBe(0);
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.76, 1)).toBe(1);
  });

  test('draws with the given probabilities', () => {
    expectClose(frequencies([0.1, 0.2, 0.3, 0.4]), [0.1, 0.2, 0.3, 0.4]);
  });

  test('temperature 2 draws with the square roots of the probabilities, renormalised', () => {
    expectClose(frequencies([0.64, 0.32, 0.04], 2), [0.5109, 0.3613, 0.1277]);
  });

  test('temperature 1/2 draws with the squares of the probabilities, renormalised', () => {
    expectClose(frequencies([0.6, 0.3, 0.1], 0.5), [36 / 46, 9 / 46, 1 / 46]);
  });

  test.each([0, 1e-9, 1e-320])('temperature %d takes the most probable level whatever u is', (temperature) => {
    const probabilities = Float64Array.of(0.1, 0.2, 0.45, 0.25);
    for (const u of [0.01, 0.5, 0.99]) expect(drawLevel(probabilities, 4, u, temperature)).toBe(2);
  });

  test('temperature 0 takes the lower of two equally probable levels', () => {
    expect(drawLevel(Float64Array.of(0.2, 0.4, 0.4), 3, 0.9, 0)).toBe(1);
  });

  test('a call with many levels leaves nothing behind for a call with few', () => {
    const many = new Float64Array(256).fill(1 / 256);
    drawLevel(many, 256, 0.5, 2);
    expectClose(frequencies([0.5, 0.5], 2), [0.5, 0.5]);
  });

  test.each([[[NaN, 0.5]], [[0, 0]], [[Infinity, 1]]])('refuses the probabilities %j', (probabilities) => {
    expect(() => drawLevel(Float64Array.from(probabilities), 2, 0.5, 1)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT',
        message: expect.stringMatching(/probabilities: expected a finite sum above 0/) as string,
      }) as Error,
    );
  });
});

test.each([0, 0.0001, 1, 10_000])('a temperature of %d is taken', (temperature) => {
  expect(() => checkDrawSettings({ temperature })).not.toThrow();
});

test.each([-0.1, 0.00001, 10_001, NaN, Infinity])('a temperature of %d is refused', (temperature) => {
  expect(() => checkDrawSettings({ temperature })).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining(
        `temperature: expected 0, or a number from 0.0001 to 10000, received ${temperature};`,
      ) as string,
    }) as Error,
  );
});
