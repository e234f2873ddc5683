import { completeImage } from '../../src/tasks/complete-image.js';
import { predictClip } from '../../src/tasks/predict-clip.js';
import { predictClips } from '../../src/tasks/predict-clips.js';
import { sampleImages } from '../../src/tasks/sample-images.js';
import { scoreClips } from '../../src/tasks/score-clips.js';
import { scoreImageSet } from '../../src/tasks/score-images.js';
import type { ClipSource } from '../../src/video/index.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';

const model = randomModel([tinyNetwork({})]);

/** Each task with options as a program in JavaScript may give them; it looks at them before all else. */
const tasks: Record<string, (options: object) => Promise<unknown>> = {
  predictClip: (options) => predictClip(model, 'clip.mp4', { out: 'x.png', ...options }),
  predictClips: (options) => predictClips(model, [], { out: 'x', kind: 'png', ...options }),
  scoreClips: (options) => scoreClips(model, ['clip.mp4'], options),
  scoreImageSet: (options) => scoreImageSet(model, 'set', options),
  sampleImages: (options) => sampleImages(model, { out: 'x.png', ...options }),
  completeImage: (options) => completeImage(model, 'image.png', { out: 'x.png', ...options }),
};

const wrong: [task: string, options: object, message: RegExp][] = [
  [
    'predictClip',
    { horizon: 0 },
    /^predict: options: expected a valid 'horizon', received 0 \(.*>=1\); correct 'horizon'$/,
  ],
  ['predictClip', { horizon: -1 }, /'horizon', received -1/],
  ['predictClip', { horizon: 1.5 }, /'horizon', received 1.5/],
  ['predictClip', { next: 2 }, /expected only known keys, received unknown key 'next'/],
  ['predictClip', { best: true }, /unknown key 'best'/],
  ['predictClip', { scales: 2 }, /unknown key 'scales'; did you mean 'scale'\?$/],
  ['predictClip', { frameRate: 10 }, /'frameRate', received 10 \(expected \{ numerator, denominator \}/],
  ['predictClip', { size: '32x32' }, /'size', received "32x32" \(expected \{ width, height \}/],
  ['predictClip', { size: { width: 0, height: 4 } }, /'size.*', received/],
  ['predictClip', { scale: 1.5 }, /'scale', received 1.5/],
  ['predictClip', { slow: 0 }, /'slow', received 0/],
  ['predictClip', { from: 0 }, /'from', received 0/],
  ['predictClip', { from: 10.5 }, /'from', received 10.5/],
  ['predictClip', { samples: 0 }, /'samples', received 0/],
  ['predictClip', { samples: 3n }, /'samples', received 3n/],
  ['predictClip', { forecast: 'bestguess' }, /'forecast', received "bestguess"/],
  ['predictClip', { fit: 'cover' }, /'fit', received "cover"/],
  ['predictClip', { settings: { temprature: 1 } }, /unknown key 'settings.temprature'; did you mean 'temperature'\?$/],
  ['predictClip', { onProgress: 3 }, /'onProgress', received 3 \(expected a function\)/],
  ['predictClip', { out: undefined }, /'out', received nothing/],
  ['predictClips', { horizon: 0 }, /'horizon', received 0/],
  ['predictClips', { kind: 'avi' }, /'kind', received "avi"/],
  ['scoreClips', { horizon: -1 }, /^score clips: options: expected a valid 'horizon', received -1/],
  ['scoreClips', { starts: 0 }, /'starts', received 0/],
  ['scoreClips', { codec: true }, /unknown key 'codec'; did you mean 'codecs'\?$/],
  ['scoreImageSet', { limit: 0 }, /^score images: options: expected a valid 'limit'/],
  ['scoreImageSet', { split: 'all' }, /'split', received "all"/],
  ['sampleImages', { count: -1 }, /^sample: options: expected a valid 'count'/],
  ['sampleImages', { number: 3 }, /unknown key 'number'/],
  ['completeImage', { fromRow: -1 }, /^complete image: options: expected a valid 'fromRow'/],
  ['completeImage', { scale: '4' }, /'scale', received "4"/],
];

test.each(wrong)('%s refuses %j', async (task, options, message) => {
  const refused = tasks[task](options);
  await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) as string });
  await expect(refused).rejects.toThrow(/^[^\n]*$/);
});

test.each(Object.keys(tasks))(
  '%s takes options that are there but undefined, and comes to what it reads',
  async (task) => {
    const undefinedOptions = { overwrite: undefined, seed: undefined, onProgress: undefined, signal: undefined };
    const own =
      task === 'scoreClips' ? { seed: undefined } : task === 'scoreImageSet' ? { limit: undefined } : undefinedOptions;
    await expect(tasks[task](own)).rejects.not.toThrow(/: options: /);
  },
);

test.each([
  [['clip.mp4'], /^predict: clips: expected a valid '0', received "clip.mp4" \(expected what listClips gives\)/],
  ['clips/', /^predict: clips: .*received "clips\/" \(expected what listClips gives\)/],
])('predictClips refuses %j for clips', async (clips, message) => {
  const refused = predictClips(model, clips as unknown as ClipSource[], { out: 'x', kind: 'png' });
  await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) as string });
});
