import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as api from '../src/index.js';
import type { Model } from '../src/model/model.js';
import { randomNumbers } from './random.js';
import { frame, makeClip, temporaryFolder } from './video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);

const size = { width: 32, height: 32 };
const frames = Array.from({ length: 24 }, (_, at) => frame(32, 32, 3, (x, y) => (x === at ? 255 : 8 * y)));
const horizon = 2;
let clip: string;
let coded: string;
let image: string;
let images: string;
let video: Model;
let stills: Model;
let sampler: api.FrameSampler;
let history: api.FrameHistory;
let configuration: api.RunConfiguration;

beforeAll(async () => {
  await api.chooseBackend({ threads: 1 });
  video = api.resizeModel(api.loadModel('video-64'), size);
  stills = api.resizeModel(api.loadModel('cifar'), { width: 8, height: 8 });
  clip = makeClip(at('clip.mkv'), frames, '-c:v', 'ffv1', '-pix_fmt', 'gbrp');
  coded = at('clip.pxv');
  await api.encodeClip(video, clip, { out: coded, keyFrameInterval: 4, size });
  await api.decodeFile(coded, { out: at('decoded/') });
  images = at('decoded');
  image = at('decoded/00000.png');
  sampler = new api.FrameSampler(video);
  history = new api.FrameHistory(video.chain.exampleShape, api.MAX_HINDCAST_FRAMES);
  for (const { data } of frames) history.push(data);
  configuration = await api.configureTraining({
    data: { type: 'clips', frames: [clip] },
    model: { hidden: 12, layers: 1, size: { width: 16, height: 16 } },
    training: { steps: 10, validations: 1 },
  });
}, 120_000);

/** Takes all that a generator yields, or its first `count` items. */
async function exhaust(items: AsyncIterable<unknown>, count = Infinity): Promise<void> {
  let taken = 0;
  for await (const item of items) if (item === undefined || ++taken === count) break;
}

const stream = () => Readable.from(frames.map(({ data }) => Buffer.from(data)));
const rate = { numerator: 10, denominator: 1 };

/** A short call of each public function that takes a signal. `out` is a path that nothing lies at. */
const calls: Record<string, (signal: AbortSignal, out: string) => Promise<unknown>> = {
  predictClip: (signal, out) => api.predictClip(video, clip, { out: `${out}.mp4`, horizon, signal }),
  predictClips: async (signal, out) =>
    api.predictClips(video, await api.listClips([clip]), { out: `${out}/`, horizon, signal }),
  findSurprise: (signal, out) => api.findSurprise(video, clip, { out, size, signal }),
  'findSurprise of a stream': (signal) =>
    api.findSurprise(video, stream(), { frameRate: rate, rawSize: size, size, signal }),
  encodeClip: (signal, out) => api.encodeClip(video, clip, { out, size, keyFrameInterval: 4, signal }),
  decodeFile: (signal, out) => api.decodeFile(coded, { out: `${out}/`, signal }),
  scoreClips: (signal) => api.scoreClips(video, [clip], { horizon: 1, starts: 1, codecs: true, signal }),
  scoreImageSet: (signal) => api.scoreImageSet(stills, images, { split: 'test', limit: 8, signal }),
  sampleImages: (signal, out) => api.sampleImages(stills, { out: `${out}.png`, count: 20, signal }),
  completeImage: (signal, out) => api.completeImage(stills, image, { out: `${out}.png`, samples: 2, signal }),
  checkModel: (signal) => api.checkModel(stills, { signal }),
  trainModel: (signal, out) => api.trainModel(out, configuration, { signal }),
  writeReport: (signal, out) =>
    api.writeReport([clip], { out: `${out}.html`, model: () => Promise.resolve(video), signal }),
  openForTraining: (signal) => api.openForTraining(images, 'train', { signal }),
  openClip: async (signal) => exhaust((await api.openClip(clip, { size, channels: 3, signal })).frames()),
  bestGuess: (signal) => exhaust(api.bestGuess(sampler, history, { signal }), 4),
  rollOut: (signal) => exhaust(api.rollOut(sampler, history, { signal }), 2),
  learnCorrection: (signal) => api.learnCorrection(sampler, history, { signal }),
  frameCosts: (signal) => exhaust(api.frameCosts(video, frames, { signal })),
  scoreAnomalies: (signal) => exhaust(api.scoreAnomalies(video, frames, { signal })),
  fitBaseline: (signal) => api.fitBaseline(video, [frames], { signal }),
};

test.each(Object.entries(calls))(
  '%s that is aborted at any time rejects with the reason of its signal',
  async (name, call) => {
    const random = randomNumbers(name.length);
    const began = performance.now();
    await call(new AbortController().signal, at(`${name}-whole`));
    const whole = performance.now() - began;
    const reason = { stopped: name };
    await expect(call(AbortSignal.abort(reason), at(`${name}-before`))).rejects.toBe(reason);
    for (let time = 0; time < 6; time++) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(reason), 0.8 * random() * whole);
      // A call whose work is done when it is aborted resolves.
      const done = { done: name };
      const ended = call(controller.signal, at(`${name}-${time}`)).then(() => done);
      const ending: unknown = await ended.catch((error: unknown) => error);
      clearTimeout(timer);
      expect([reason, done]).toContain(ending);
    }
  },
  120_000,
);
