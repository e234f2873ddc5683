import { buildChain } from '../../src/model/chain.js';
import type { Model } from '../../src/model/checkpoint.js';
import { describeModel } from '../../src/model/presets.js';
import { futureSettings, settingsAhead } from '../../src/sampling/future-settings.js';

function model(frames: 'warped-frames' | 'previous-frames', head: 'softmax' | 'logistic-mixture'): Model {
  const size = { width: 8, height: 8 };
  const network = { size, channels: 3, levels: 256, hidden: 6, layers: 1, head, context: 1, frames } as const;
  const description = describeModel('pixel-cnn', network);
  const facts = { description, step: 0, frameRate: null, componentTemperature: null };
  return { name: 'made', chain: buildChain(description), weights: [], ...facts };
}

const asScored = { temperature: 1, topP: 1, componentTemperature: 1, noise: 0, componentWarming: 0, carry: 1 };

const aboutExpected = { ...asScored, componentTemperature: 0.95, componentWarming: 0.035, carry: 0.25 };

test('a mixture about a learned anchor is drawn from with a little less spread, and little of a draw is carried on', () => {
  expect(futureSettings(model('warped-frames', 'logistic-mixture'))).toEqual(aboutExpected);
});

test('later frames are warmer, as far as 1.12', () => {
  const settings = { ...asScored, componentTemperature: 0.9, componentWarming: 0.05 };
  const temperatures = [0, 1, 5, 70].map((frame) => settingsAhead(settings, frame).componentTemperature);
  expect(temperatures).toEqual([0.9, 0.9 + 0.05, 1.12, 1.12]);
  expect(settingsAhead(asScored, 3)).toEqual({ ...asScored, carryWithin: 1 });
  expect(settingsAhead({ ...settings, componentTemperature: 10_000 }, 4).componentTemperature).toBe(10_000);
});

test('as much of a draw is carried on within a frame as the component temperature, 0.96 at most, where little is carried on after it', () => {
  const within = (settings: Parameters<typeof settingsAhead>[0]) =>
    [0, 1, 3].map((frame) => settingsAhead(settings, frame).carryWithin);
  const settings = { ...asScored, componentTemperature: 0.9, componentWarming: 0.05 };
  expect(within({ ...settings, carry: 0.25 })).toEqual([0.9, 0.9 + 0.05, 0.96]);
  expect(within({ ...settings, carry: 0.25, componentTemperature: 1.2 })).toEqual([0.96, 0.96, 0.96]);
  expect(within(settings)).toEqual([1, 1, 1]);
});

test.each([
  ['warped-frames', 'softmax'],
  ['previous-frames', 'logistic-mixture'],
  ['previous-frames', 'softmax'],
] as const)('a model with %s and a %s is drawn from as it is scored', (frames, head) => {
  expect(futureSettings(model(frames, head))).toEqual(asScored);
});

test('what the model says of itself comes before that', () => {
  const own = { ...model('warped-frames', 'logistic-mixture'), componentTemperature: 1.05 };
  expect(futureSettings(own)).toEqual({ ...aboutExpected, componentTemperature: 1.05 });
  expect(futureSettings(own, { componentTemperature: 0.9 })).toEqual({ ...aboutExpected, componentTemperature: 0.9 });
});

test('what is asked for comes first', () => {
  const asked = { temperature: 0.9, topP: 0.5, componentTemperature: 1.1, noise: 2, componentWarming: 0.1, carry: 0 };
  expect(futureSettings(model('warped-frames', 'logistic-mixture'), asked)).toEqual(asked);
});

test('what is undefined is not asked for', () => {
  const asked = { carry: undefined, componentWarming: undefined, temperature: undefined };
  expect(futureSettings(model('warped-frames', 'logistic-mixture'), asked as object)).toEqual(aboutExpected);
});

test.each<[object, RegExp]>([
  [{ temperatur: 1 }, /^set up sampling: settings: expected some of temperature, .*, noise, .*, received temperatur; /],
  [{ toString: 1 }, /received toString/],
  [{ temperature: -1 }, /temperature: expected a number of 0 or more, received -1/],
  [{ topP: 0 }, /top-p: expected a number above 0/],
  [{ noise: 256 }, /noise: expected a number from 0 to 255, received 256/],
  [{ noise: NaN }, /noise: expected a number from 0 to 255, received NaN/],
  [{ carry: 1.5 }, /carry: expected a number from 0 to 1, received 1.5/],
  [{ carry: NaN }, /carry: expected a number from 0 to 1, received NaN/],
  [{ componentWarming: -0.1 }, /component-warming: expected a number from 0 to 1, received -0.1/],
])('%j is refused', (asked, message) => {
  expect(() => futureSettings(model('warped-frames', 'logistic-mixture'), asked)).toThrow(message);
});

test('noise is refused for a model that is not told of any', () => {
  const images = model('previous-frames', 'logistic-mixture');
  expect(() => futureSettings(images, { noise: 2 })).toThrow(
    /expected 0 for a model that is not told of any, received 2/,
  );
  expect(futureSettings(images, { noise: 0 })).toEqual(asScored);
});

test('warming is refused for a head without components, and a carry for a model that does not learn the expected frame', () => {
  expect(() => futureSettings(model('warped-frames', 'softmax'), { componentWarming: 0.1 })).toThrow(
    /component-warming: expected 0 for a head 'softmax', which has no components, received 0.1/,
  );
  expect(() => futureSettings(model('previous-frames', 'logistic-mixture'), { carry: 0.5 })).toThrow(
    /carry: expected 1 for a model that does not learn the expected frame, received 0.5/,
  );
  expect(futureSettings(model('warped-frames', 'softmax'), { carry: 0.5 })).toEqual({ ...asScored, carry: 0.5 });
});
