import { loadModel } from '../../src/model/checkpoint.js';
import { checkModel } from '../../src/commands/check/check-model.js';
import { completeImage } from '../../src/commands/sample-images/complete-image.js';
import { predictClip } from '../../src/commands/predict/predict-clip.js';
import { predictClips } from '../../src/commands/predict/predict-clips.js';
import { sampleImages } from '../../src/commands/sample-images/sample-images.js';
import { scoreClips, scoreProtocol } from '../../src/commands/evaluate/score-clips.js';
import { scoreImageSet } from '../../src/commands/evaluate/score-image-set.js';
import { findSurprise } from '../../src/commands/surprise/find-surprise.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { openClip, type ClipOptions, type ClipSource } from '../../src/video/index.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';

const model = randomModel([tinyNetwork({})]);

/** Each task with options as a program in JavaScript may give them; it looks at them before all else. */
const tasks: Record<string, (options: object) => Promise<unknown>> = {
  predictClip: (options) => predictClip(model, 'clip.mp4', { out: 'x.png', ...options }),
  predictClips: (options) => predictClips(model, [], { out: 'x', kind: 'png', ...options }),
  scoreClips: (options) => scoreClips(model, ['clip.mp4'], options),
  scoreProtocol: (options) => scoreProtocol(model, ['clip.mp4'], { protocol: 'kth-64', ...options }),
  findSurprise: (options) => findSurprise(model, 'clip.mp4', options),
  scoreImageSet: (options) => scoreImageSet(model, 'set', options),
  sampleImages: (options) => sampleImages(model, { out: 'x.png', ...options }),
  completeImage: (options) => completeImage(model, 'image.png', { out: 'x.png', ...options }),
  checkModel: (options) => checkModel(model, { size: { width: 9999, height: 9999 }, ...options }),
};

const wrong: [task: string, options: object, message: RegExp][] = [
  [
    'predictClip',
    { horizon: 0 },
    /^predict: options: expected a valid 'horizon', received 0 \(.*>=1\); correct 'horizon'$/,
  ],
  ['predictClip', { horizon: -1 }, /'horizon', received -1/],
  ['predictClip', { horizon: 1.5 }, /'horizon', received 1.5/],
  ['predictClip', { next: 2 }, /expected only known keys, received unknown key 'next'; did you mean 'horizon'\?$/],
  ['predictClip', { fps: 10 }, /unknown key 'fps'; did you mean 'frameRate'\?$/],
  ['predictClip', { bestGuess: true }, /unknown key 'bestGuess'; did you mean 'forecast'\?$/],
  ['predictClip', { 'best-guess': true }, /unknown key 'best-guess'; did you mean 'forecast'\?$/],
  ['predictClip', { shortSide: 64 }, /unknown key 'shortSide'; did you mean 'size.shortSide'\?$/],
  ['predictClips', { format: 'gif' }, /unknown key 'format'; did you mean 'kind'\?$/],
  ['findSurprise', { raw: { width: 8, height: 8 } }, /unknown key 'raw'; did you mean 'rawSize'\?$/],
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
  ['predictClip', { temperature: 0.5 }, /unknown key 'temperature'; did you mean 'settings.temperature'\?$/],
  ['predictClip', { onProgress: 3 }, /'onProgress', received 3 \(expected a function\)/],
  ['predictClip', { out: undefined }, /'out', received nothing/],
  ['predictClips', { horizon: 0 }, /'horizon', received 0/],
  ['predictClips', { kind: 'avi' }, /'kind', received "avi"/],
  ['scoreClips', { horizon: -1 }, /^score clips: options: expected a valid 'horizon', received -1/],
  ['scoreClips', { starts: 0 }, /'starts', received 0/],
  ['scoreClips', { codec: true }, /unknown key 'codec'; did you mean 'codecs'\?$/],
  ['scoreProtocol', { protocol: 'kth' }, /^score a protocol: options: expected a valid 'protocol', received "kth"/],
  ['scoreProtocol', { protocol: { context: 0, horizon: 1 } }, /'protocol.*', received/],
  ['scoreProtocol', { context: 4 }, /unknown key 'context'/],
  ['scoreProtocol', { limit: 0 }, /'limit', received 0/],
  ['scoreImageSet', { limit: 0 }, /^score images: options: expected a valid 'limit'/],
  ['scoreImageSet', { split: 'all' }, /'split', received "all"/],
  ['sampleImages', { count: -1 }, /^sample: options: expected a valid 'count'/],
  ['sampleImages', { number: 3 }, /unknown key 'number'/],
  ['completeImage', { fromRow: -1 }, /^complete image: options: expected a valid 'fromRow'/],
  ['completeImage', { scale: '4' }, /'scale', received "4"/],
  ['checkModel', { size: 64 }, /^check model: options: expected a valid 'size', received 64/],
  ['checkModel', { whole: true }, /unknown key 'whole'/],
];

test.each(wrong)('%s refuses %j', async (task, options, message) => {
  const refused = tasks[task](options);
  await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) as string });
  await expect(refused).rejects.toThrow(/^[^\n]*$/);
});

/** Which of the options below a task does not have. */
const lacking: Record<string, string> = {
  scoreClips: 'overwrite',
  scoreProtocol: 'overwrite',
  checkModel: 'overwrite',
  scoreImageSet: 'seed',
  findSurprise: 'seed',
};

test.each(Object.keys(tasks))(
  '%s takes options that are there but undefined, and comes to what it reads',
  async (task) => {
    const names = ['overwrite', 'seed', 'onProgress', 'signal'].filter((name) => name !== lacking[task]);
    const own = Object.fromEntries(names.map((name) => [name, undefined]));
    await expect(tasks[task](own)).rejects.not.toThrow(/: options: /);
  },
);

test.each([
  [['clip.mp4'], /^predict: clips: expected a valid '0', received "clip.mp4" \(expected the result of listClips\)/],
  ['clips/', /^predict: clips: .*received "clips\/" \(expected the result of listClips\)/],
])('predictClips refuses %j for clips', async (clips, message) => {
  const refused = predictClips(model, clips as unknown as ClipSource[], { out: 'x', kind: 'png' });
  await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) as string });
});

test.each<[string, (given: never) => unknown]>([
  ['predictClip', (given) => predictClip(given, 'clip.mp4', { out: 'x.png' })],
  ['predictClips', (given) => predictClips(given, [], { out: 'x' })],
  ['scoreClips', (given) => scoreClips(given, ['clip.mp4'])],
  ['scoreProtocol', (given) => scoreProtocol(given, ['clip.mp4'], { protocol: 'kth-64' })],
  ['scoreImageSet', (given) => scoreImageSet(given, 'set', {})],
  ['sampleImages', (given) => sampleImages(given, { out: 'x.png' })],
  ['completeImage', (given) => completeImage(given, 'image.png', { out: 'x.png' })],
  ['checkModel', (given) => checkModel(given)],
])('%s refuses the name of a model in the place of a model, and nothing', async (_, task) => {
  const code = 'USAGE';
  await expect(task('video-64' as never)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(
      /: model: expected a model from loadModel, received the text 'video-64'; give loadModel\('video-64'\)$/,
    ) as string,
  });
  const message = expect.stringMatching(/received nothing; give loadModel\(NAME\)$/) as string;
  await expect(task(undefined as never)).rejects.toMatchObject({ code, message });
});

test('a model without a name is no model', () => {
  expect(() => loadModel(undefined as never)).toThrow(
    'find model: name: expected the name of a model, or the path of one, received nothing; give one, such as ' +
      "'video-64'",
  );
  expect(() => loadModel(5 as never)).toThrow(/received a value of type number/);
});

test.each<[object | undefined, RegExp]>([
  [undefined, /^open clip: size: expected \{ width, height \} and the like, received nothing; give those of a model/],
  [{ size: 64, channels: 3 }, /size: .* received 64;/],
  [
    { size: { width: -8, height: 8 }, channels: 3 },
    /size: expected whole numbers from 1, received \{"width":-8,"height":8\};/,
  ],
  [{ size: { width: 8, height: 8 }, channels: 7 }, /channels: expected 1 or 3, received 7;/],
])('a clip is not opened with %j', async (options, message) => {
  await expect(openClip('clip.mp4', options as ClipOptions)).rejects.toThrow(message);
});

test.each([
  [{ onStep: 3 }, {}, /^train: options: expected a valid 'onStep', received 3 \(expected a function\)/],
  [{ onSteps: () => 0 }, {}, /unknown key 'onSteps'; did you mean 'onStep'\?$/],
  [{}, { resume: true }, /unknown key 'resume'/],
  [{}, { extension: { steps: 0 } }, /'extension.steps', received 0/],
])('trainModel refuses %j and %j', async (hooks, settings, message) => {
  await expect(trainModel('run', null, hooks as never, settings as never)).rejects.toThrow(message);
});

test('a training needs a configuration, not what asks for one', async () => {
  const request = { data: { type: 'clips', frames: ['a.mp4'] } };
  await expect(trainModel('run', request as never)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^train: configuration: expected a valid 'model'/) as string,
  });
});
