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

test.each([
  ['warped-frames', 'logistic-mixture'],
  ['previous-frames', 'logistic-mixture'],
  ['previous-frames', 'softmax'],
] as const)(
  'a model with %s and a %s is drawn from as it is scored, unless another way is asked for',
  (frames, head) => {
    const drawn = model(frames, head);
    expect(futureSettings(drawn)).toEqual({ temperature: 1, topP: 1, componentTemperature: 1, noise: 0 });
    const asked = { temperature: 0.9, topP: 0.5, componentTemperature: 1, noise: frames === 'warped-frames' ? 2 : 0 };
    expect(futureSettings(drawn, asked)).toEqual(asked);
  },
);
