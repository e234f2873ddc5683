import { buildChain } from '../../src/model/chain.js';
import type { Model } from '../../src/model/model.js';
import { describeModel } from '../../src/model/presets.js';
import { checkTemperature, frameSettings, samplingSettings } from '../../src/model/sampling-settings.js';

function model(frames: 'warped-frames' | 'previous-frames', head: 'softmax' | 'logistic-mixture'): Model {
  const size = { width: 8, height: 8 };
  const network = { size, channels: 3, levels: 256, hidden: 6, layers: 1, head, context: 1, frames } as const;
  const description = describeModel('pixel-cnn', network);
  const facts = { description, step: 0, frameRate: null, drawing: null, origin: null };
  return { name: 'made', chain: buildChain(description), weights: [], ...facts };
}

const asScored = { temperature: 1, warming: 0, carry: 1 };

const aboutExpected = { temperature: 1.02, warming: 0.045, carry: 0.25 };

test('a mixture about a learned anchor is drawn from with less spread, and little of a draw is carried', () => {
  expect(samplingSettings(model('warped-frames', 'logistic-mixture'))).toEqual(aboutExpected);
});

test('later frames are warmer, as far as 1.3', () => {
  const settings = { ...asScored, temperature: 0.9, warming: 0.05 };
  const temperatures = [0, 1, 9, 70].map((frame) => frameSettings(settings, frame).temperature);
  expect(temperatures).toEqual([0.9, 0.9 + 0.05, 1.3, 1.3]);
  expect(frameSettings(asScored, 3)).toEqual({ temperature: 1, carryWithin: 1 });
  expect(frameSettings({ ...settings, temperature: 10_000 }, 4).temperature).toBe(10_000);
});

test('the most probable levels are those of every frame', () => {
  const settings = { ...aboutExpected, temperature: 0 };
  for (const frame of [0, 1, 9])
    expect(frameSettings(settings, frame)).toEqual({ temperature: 0, carryWithin: 0.96, maxDeviation: 5 });
});

test('the carry within a frame is the temperature, 0.96 at most, where little is carried after the frame', () => {
  const within = (settings: Parameters<typeof frameSettings>[0]) =>
    [0, 1, 3].map((frame) => frameSettings(settings, frame).carryWithin);
  const settings = { ...asScored, temperature: 0.9, warming: 0.05 };
  expect(within({ ...settings, carry: 0.25 })).toEqual([0.9, 0.9 + 0.05, 0.96]);
  expect(within({ ...settings, carry: 0.25, temperature: 1.2 })).toEqual([0.96, 0.96, 0.96]);
  expect(within(settings)).toEqual([1, 1, 1]);
});

test.each([
  ['warped-frames', 'softmax'],
  ['previous-frames', 'logistic-mixture'],
  ['previous-frames', 'softmax'],
] as const)('a model with %s and a %s is drawn from as it is scored', (frames, head) => {
  expect(samplingSettings(model(frames, head))).toEqual(asScored);
});

test('what the model says of itself comes before that, and a temperature that is asked for first', () => {
  const drawing = { temperature: 1.05, warming: 0.1, carry: 0.5 };
  const own = { ...model('warped-frames', 'logistic-mixture'), drawing };
  expect(samplingSettings(own)).toEqual(drawing);
  expect(samplingSettings(own, { temperature: 0.9 })).toEqual({ ...drawing, temperature: 0.9 });
  expect(samplingSettings(own, { temperature: 0 })).toEqual({ ...drawing, temperature: 0 });
  expect(samplingSettings(own, { temperature: undefined })).toEqual(drawing);
});

test('a temperature out of its range is refused', () => {
  expect(() => samplingSettings(model('warped-frames', 'logistic-mixture'), { temperature: -1 })).toThrow(
    /temperature: expected 0, or a number from 0.0001 to 10000, received -1/,
  );
});

test.each([0, 0.0001, 1, 10_000])('a temperature of %d is taken', (temperature) => {
  expect(() => checkTemperature(temperature)).not.toThrow();
});

test.each([-0.1, 0.00001, 10_001, NaN, Infinity])('a temperature of %d is refused', (temperature) => {
  expect(() => checkTemperature(temperature)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining(
        `temperature: expected 0, or a number from 0.0001 to 10000, received ${temperature};`,
      ) as string,
    }) as Error,
  );
});
