import { checkDrawSettings } from '../../src/sampling/draw.js';
import type { ModelDescription } from '../../src/model/description.js';
import type { HeadDescription } from '../../src/model/heads/index.js';
import { mixture, sigmoid, softmax, tinyNetwork } from '../model/tiny-networks.js';
import { Noise } from '../../src/sampling/noise.js';
import { drawLevel } from './draw-level.js';

const asItIs = { temperature: 1, topP: 1 };

const modelOf = (...heads: HeadDescription[]): ModelDescription => ({
  version: 1,
  scales: heads.map((head) => tinyNetwork({ head })),
});

function frequencies(
  probabilities: number[],
  settings: { temperature: number; topP: number },
  draws = 20_000,
): number[] {
  const noise = new Noise(11);
  const counts = probabilities.map(() => 0);
  const weights = Float64Array.from(probabilities);
  for (let i = 0; i < draws; i++) counts[drawLevel(weights, weights.length, noise.uniform(0, 0, i, 0), settings)]++;
  return counts.map((count) => count / draws);
}

function expectClose(received: number[], expected: number[]): void {
  received.forEach((value, level) => expect(Math.abs(value - expected[level])).toBeLessThan(0.015));
}

describe('drawLevel', () => {
  test('takes the first level whose cumulative sum exceeds u', () => {
    const probabilities = Float64Array.of(0.25, 0.5, 0.25);
    const at = (u: number) => drawLevel(probabilities, 3, u, asItIs);
    expect([0.1, 0.2499, 0.25, 0.7499, 0.75, 0.9999].map(at)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('never returns a level of probability zero, at either end', () => {
    const probabilities = Float64Array.of(0, 0.5, 0, 0.5, 0);
    expect(drawLevel(probabilities, 5, 2 ** -33, asItIs)).toBe(1);
    expect(drawLevel(probabilities, 5, 0.5, asItIs)).toBe(3);
    expect(drawLevel(probabilities, 5, 1 - 2 ** -33, asItIs)).toBe(3);
  });

  test('reads only the first `levels` entries and does not need them normalised', () => {
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.74, asItIs)).toBe(0);
    expect(drawLevel(Float64Array.of(3, 1, 1000), 2, 0.76, asItIs)).toBe(1);
  });

  test('draws with the given probabilities', () => {
    expectClose(frequencies([0.1, 0.2, 0.3, 0.4], asItIs), [0.1, 0.2, 0.3, 0.4]);
  });

  test('temperature 2 draws with the square roots of the probabilities, renormalised', () => {
    expectClose(frequencies([0.64, 0.32, 0.04], { temperature: 2, topP: 1 }), [0.5109, 0.3613, 0.1277]);
  });

  test('temperature 1/2 draws with the squares of the probabilities, renormalised', () => {
    expectClose(frequencies([0.6, 0.3, 0.1], { temperature: 0.5, topP: 1 }), [36 / 46, 9 / 46, 1 / 46]);
  });

  test.each([0, 1e-9, 1e-320])('temperature %d takes the most probable level whatever u is', (temperature) => {
    const probabilities = Float64Array.of(0.1, 0.2, 0.45, 0.25);
    for (const u of [0.01, 0.5, 0.99]) expect(drawLevel(probabilities, 4, u, { temperature, topP: 1 })).toBe(2);
  });

  test('temperature 0 takes the lower of two equally probable levels', () => {
    expect(drawLevel(Float64Array.of(0.2, 0.4, 0.4), 3, 0.9, { temperature: 0, topP: 1 })).toBe(1);
  });

  test('top-p keeps the fewest most probable levels that reach the sum', () => {
    expectClose(frequencies([0.1, 0.4, 0.15, 0.35], { temperature: 1, topP: 0.7 }), [0, 4 / 7.5, 0, 3.5 / 7.5]);
    expectClose(frequencies([0.1, 0.4, 0.15, 0.35], { temperature: 1, topP: 0.8 }), [0, 4 / 9, 1.5 / 9, 3.5 / 9]);
  });

  test('top-p keeps the lower of two equally probable levels at the edge', () => {
    expectClose(frequencies([0.25, 0.25, 0.25, 0.25], { temperature: 1, topP: 0.5 }), [0.5, 0.5, 0, 0]);
  });

  test('top-p after a temperature looks at the changed probabilities', () => {
    expectClose(frequencies([0.6, 0.3, 0.1], { temperature: 0.5, topP: 0.75 }), [1, 0, 0]);
    expectClose(frequencies([0.6, 0.3, 0.1], { temperature: 1, topP: 0.75 }), [2 / 3, 1 / 3, 0]);
  });

  test('a call with many levels leaves nothing behind for a call with few', () => {
    const many = new Float64Array(256).fill(1 / 256);
    drawLevel(many, 256, 0.5, { temperature: 1, topP: 0.9 });
    expectClose(frequencies([0.5, 0.5], { temperature: 1, topP: 0.9 }), [0.5, 0.5]);
  });

  test.each([[[NaN, 0.5]], [[0, 0]], [[Infinity, 1]]])('refuses the probabilities %j', (probabilities) => {
    expect(() => drawLevel(Float64Array.from(probabilities), 2, 0.5, asItIs)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT',
        message: expect.stringMatching(/probabilities: expected a finite sum above 0/) as string,
      }) as Error,
    );
  });
});

describe('checkDrawSettings', () => {
  test('accepts the bounds', () => {
    expect(() => checkDrawSettings({ temperature: 0, topP: 1 }, modelOf(softmax))).not.toThrow();
    for (const componentTemperature of [0.0001, 10_000])
      expect(() => checkDrawSettings({ ...asItIs, componentTemperature }, modelOf(mixture))).not.toThrow();
    expect(() => checkDrawSettings({ ...asItIs, componentTemperature: 1 }, modelOf(mixture, softmax))).not.toThrow();
  });

  test.each([
    { temperature: -0.1, topP: 1, text: /temperature: expected a number of 0 or more, received -0.1/ },
    { temperature: NaN, topP: 1, text: /temperature: expected a number of 0 or more, received NaN/ },
    { temperature: 1, topP: 0, text: /top-p: expected a number above 0 and up to 1, received 0/ },
    { temperature: 1, topP: 1.5, text: /top-p: expected a number above 0 and up to 1, received 1.5/ },
  ])('refuses temperature $temperature with top-p $topP', ({ temperature, topP, text }) => {
    expect(() => checkDrawSettings({ temperature, topP }, modelOf(softmax))).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(text) as string }) as Error,
    );
  });

  test.each([
    {
      componentTemperature: 0,
      heads: [mixture],
      text: /component-temperature: expected a number from 0.0001 to 10000/,
    },
    { componentTemperature: NaN, heads: [mixture], text: /from 0.0001 to 10000, received NaN/ },
    { componentTemperature: 0.5, heads: [mixture, softmax], text: /1 for a head 'softmax', which has no components/ },
    { componentTemperature: 2, heads: [sigmoid], text: /1 for a head 'sigmoid', which has no components, received 2/ },
  ])('refuses a component temperature of $componentTemperature: $text', ({ componentTemperature, heads, text }) => {
    expect(() => checkDrawSettings({ ...asItIs, componentTemperature }, modelOf(...heads))).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(text) as string }) as Error,
    );
  });
});
