import { buildChain } from '../../src/model/chain.js';
import type { Model } from '../../src/model/checkpoint.js';
import { describeModel } from '../../src/model/presets.js';
import { futureSettings } from '../../src/sampling/future-settings.js';

function model(frames: 'warped-frames' | 'previous-frames', head: 'softmax' | 'logistic-mixture'): Model {
  const size = { width: 8, height: 8 };
  const network = { size, channels: 3, levels: 256, hidden: 6, layers: 1, head, context: 1, frames } as const;
  const description = describeModel('pixel-cnn', network);
  return { name: 'made', description, chain: buildChain(description), weights: [], step: 0, frameRate: null };
}

test('a model that learns the expected frame is told of noise, unless another way is asked for', () => {
  const warped = model('warped-frames', 'logistic-mixture');
  const { noise } = futureSettings(warped);
  expect(noise).toBeGreaterThan(0);
  const asked = { temperature: 0.9, topP: 0.5, componentTemperature: 1, noise: 0 };
  expect(futureSettings(warped, asked)).toEqual(asked);
});

test.each([
  ['previous-frames', 'logistic-mixture'],
  ['previous-frames', 'softmax'],
] as const)('a model with %s and a %s is drawn from as it is scored', (frames, head) => {
  const asItIs = { temperature: 1, topP: 1, componentTemperature: 1, noise: 0 };
  expect(futureSettings(model(frames, head))).toEqual(asItIs);
});
