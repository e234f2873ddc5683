import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { scoreProtocol, type ScoreProtocolOptions } from '../../../src/commands/evaluate/score-clips.js';
import { protocolLines } from '../../../src/commands/evaluate/score-tables.js';
import { frameMetric } from '../../../src/evaluation/frame-metrics.js';
import type { Frame } from '../../../src/foundation/frame.js';
import { kernelSets } from '../../backend/implementations.js';
import { mixtureTogether, randomModel, tinyNetwork, warpedFrames } from '../../model/tiny-networks.js';
import { filmClip, model, pngClip, slope } from '../train/tiny-clips.js';
import { temporaryFolder } from '../../video/made-clips.js';
import { inGrey, squares, writeBairClip, writeImages, writeKthClip } from './protocol-clips.js';
import { slowTest } from '../../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const sequence = (t: number) => `${String(t).padStart(2, '0')}.png`;

beforeAll(async () => {
  await tf.setBackend(`native-${kernelSets[kernelSets.length - 1].instructionSet}`);
  for (const clip of [0, 1]) await writeImages(at('mnist', `sequence-${clip}`), inGrey(squares(20, clip)), sequence);
  await writeKthClip(at('kth'), 'person21', inGrey(squares(42, 1)));
  await writeKthClip(at('kth'), 'person05', inGrey(squares(42, 2)));
  await writeBairClip(at('bair'), 'test', 1, squares(30, 1));
  await writeBairClip(at('bair'), 'train', 1, squares(30, 2));
}, 60_000);

const score = (paths: string[], options: ScoreProtocolOptions) =>
  scoreProtocol(model, paths, { samples: 1, seed: 1, ...options });
/** Mean of a metric over the horizon, of one predicted frame against all true ones. */
const repeated = (name: 'mse' | 'mae' | 'psnr' | 'ssim', last: Frame, truth: Frame[]) =>
  truth.reduce((sum, frame) => sum + frameMetric(name).measure(frame, last), 0) / truth.length;

describe('moving-mnist', () => {
  slowTest('gives 10 frames and predicts 10 of each sequence, and compares in grey', async () => {
    const result = await score([at('mnist')], { protocol: 'moving-mnist' });
    expect(result.protocol).toMatchObject({ name: 'moving-mnist', context: 10, horizon: 10, from: 10, channels: 1 });
    expect(result.clips.map(({ name, starts }) => [name, starts])).toEqual([
      ['sequence-0', [10]],
      ['sequence-1', [10]],
    ]);
    const frames = squares(20, 0, 64, 1);
    for (const name of ['mse', 'mae', 'psnr'] as const) {
      const expected = repeated(name, frames[9], frames.slice(10));
      expect(result.clips[0].kinds['last-frame']![name]).toBeCloseTo(expected, 9);
      const { mean, byFrame } = result.kinds['last-frame']![name]!;
      const each = result.clips.map(({ kinds }) => kinds['last-frame']![name]!);
      expect(mean).toBeCloseTo((each[0] + each[1]) / 2, 9);
      expect(byFrame).toHaveLength(10);
    }
    expect(Object.keys(result.metrics)).toEqual(['mse', 'mae', 'ssim-openstl', 'psnr', 'ssim-uniform']);
    expect(result.published.find(({ model: name }) => name === 'PredRNN++, 2,000 epochs')!.values).toEqual({
      ...{ mse: 14.07, mae: 48.91, 'ssim-openstl': 0.9698, psnr: 26.37 },
    });
    expect(result.published.filter(({ isSecondHand }) => isSecondHand)).not.toHaveLength(0);
    expect([result.samples, result.framesRead]).toEqual([1, 2]);
  });

  slowTest(
    'measures the cross-entropy with grey levels, given the true frames before, of a head of means',
    async () => {
      const network = tinyNetwork({
        channels: 1,
        head: { type: 'grey-sigmoid' },
        conditioning: [{ type: 'previous-frames', context: 2, features: 4 }],
      });
      const random = randomModel([network]);
      // Weights of zero add nothing to the logit of the anchor, the last frame.
      const grey = { ...random, weights: random.weights.map((values) => new Float32Array(values.length)) };
      const frames = [0, 1].map((clip) => squares(20, clip, 64, 1));
      const nats = frames.flatMap((sequence) =>
        sequence.slice(10).map(({ data }, t) =>
          data.reduce((sum, level, at) => {
            const mean = Math.min(255 / 256, Math.max(1 / 256, sequence[9 + t].data[at] / 255));
            return sum - (level / 255) * Math.log(mean) - (1 - level / 255) * Math.log(1 - mean);
          }, 0),
        ),
      );
      const warnings: string[] = [];
      const onWarning = (text: string) => warnings.push(text);
      const options = { protocol: 'moving-mnist', samples: 10, seed: 1, onWarning } as const;
      const { crossEntropy, kinds, samples } = await scoreProtocol(grey, [at('mnist')], options);
      // Ten samples would be the same.
      expect([samples, Object.keys(kinds)]).toEqual([1, ['last-frame', 'sample']]);
      expect(warnings).toContainEqual(
        'the head grey-sigmoid draws mean levels: all samples are the same, and one is drawn',
      );
      expect(crossEntropy!.mean).toBeCloseTo(nats.reduce((sum, value) => sum + value, 0) / nats.length, 1);
      expect(crossEntropy!.published.map(({ nats: published }) => published)).toEqual([87.6, 110.1, 86.3]);
      expect((await score([at('mnist')], { protocol: 'moving-mnist', limit: 1 })).crossEntropy).toBeNull();
    },
  );

  test('scores as many sequences as asked for, spread over all', async () => {
    const result = await score([at('mnist')], { protocol: 'moving-mnist', limit: 1 });
    expect([result.clips.map(({ name }) => name), result.clipsInSplit]).toEqual([['sequence-1'], 2]);
  });

  slowTest('refuses a clip that is too short or has another size, in one line', async () => {
    await writeImages(at('short', 'a'), inGrey(squares(19, 0)), sequence);
    await writeImages(at('large', 'a'), inGrey(squares(20, 0, 66)), sequence);
    await expect(score([at('short', 'a')], { protocol: 'moving-mnist' })).rejects.toThrow(
      /^score a protocol: .*a: expected at least 20 frames, 10 before the first predicted one, received 19; [^\n]*$/,
    );
    await expect(score([at('large', 'a')], { protocol: 'moving-mnist' })).rejects.toThrow(
      /a: expected frames of 64x64 for moving-mnist, received 66x66; [^\n]*$/,
    );
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const { clips, skipped } = await score([at('mnist'), at('short')], { protocol: 'moving-mnist', onWarning });
    expect([clips.length, skipped.map(({ name }) => name)]).toEqual([2, ['short/a']]);
    expect(warnings).toContainEqual(expect.stringMatching(/^short\/a: skipped: .*at least 20 frames/));
    await expect(score([at('short')], { protocol: 'moving-mnist' })).rejects.toThrow(
      /short: expected at least one clip that fits the protocol, received none of 1; a: .*20 frames[^\n]*$/,
    );
  });
});

describe('kth-64', () => {
  slowTest(
    'takes persons 21 to 25 of the folder that SVG converted, and spreads windows over each clip',
    async () => {
      const warnings: string[] = [];
      const onWarning = (text: string) => warnings.push(text);
      const result = await score([at('kth')], { protocol: 'kth-64', starts: 2, onWarning });
      expect(result.protocol).toMatchObject({ context: 10, horizon: 30, from: null, channels: 1, width: 64 });
      expect(result.clips.map(({ starts }) => starts)).toEqual([[10, 12]]);
      expect(warnings.join('\n')).not.toMatch(/the number of/);
      const frames = squares(42, 1, 64, 1);
      const expected = [10, 12].map((first) => repeated('ssim', frames[first - 1], frames.slice(first, first + 30)));
      expect(result.kinds['last-frame']!.ssim!.mean).toBeCloseTo((expected[0] + expected[1]) / 2, 9);
      expect(result.published.map(({ model: name }) => name)).toContain('SVG');
    },
    60_000,
  );

  test('refuses a folder without such a person, in one line', async () => {
    const other = at('kth', 'processed', 'walking', 'person05_walking_d1');
    await expect(score([other], { protocol: 'kth-64' })).rejects.toThrow(
      /d1: expected clips of the split of kth-64 \(persons 21 to 25\), such as [^\n]*received 1/,
    );
  });
});

describe('bair-64', () => {
  slowTest(
    'takes the folder test that SVG converted, gives 2 frames and predicts 28 in colour',
    async () => {
      const result = await score([at('bair')], { protocol: 'bair-64' });
      expect(result.clips.map(({ name, starts }) => [name, starts])).toEqual([['test/traj_0_to_255/1', [2]]]);
      const frames = squares(30, 1);
      expect(result.kinds['last-frame']!.psnr!.mean).toBeCloseTo(repeated('psnr', frames[1], frames.slice(2)), 9);
      expect(result.kinds['last-frame']!.psnr!.byFrame).toHaveLength(28);
      const inside = await score([at('bair', 'processed_data', 'test')], { protocol: 'bair-64' });
      expect(inside.kinds).toEqual(result.kinds);
    },
    60_000,
  );

  test('refuses the folder train, and a model of grey', async () => {
    await expect(score([at('bair', 'processed_data', 'train')], { protocol: 'bair-64' })).rejects.toThrow(
      /train: expected clips of the split of bair-64 \(the folder test\), such as processed_data\/test/,
    );
    const grey = randomModel([tinyNetwork({ channels: 1 })]);
    await expect(scoreProtocol(grey, [at('bair')], { protocol: 'bair-64' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/bair-64: expected a model of colour, received random, a model of grey/) as string,
    });
  });
});

describe("a protocol of one's own", () => {
  const own = { context: 3, horizon: 2, from: 4 };

  test('predicts from the given frames alone, at one place of each clip or at several', async () => {
    const clip = await pngClip(folder.path, 'own', 9);
    const result = await score([clip], { protocol: own, samples: 2 });
    expect(result.protocol).toMatchObject({
      name: null,
      context: 3,
      horizon: 2,
      from: 4,
      width: 5,
      height: 7,
      channels: 3,
    });
    expect(result.clips[0].starts).toEqual([4]);
    // The slope climbs by 10 levels a frame; SSIM has no room in 5x7 pixels.
    expect(result.kinds['last-frame']!.mse!.byFrame).toEqual(
      [1, 2].map((t) => expect.closeTo(105 * ((10 * t) / 255) ** 2, 9) as number),
    );
    expect(Object.keys(result.metrics)).toEqual(['mse', 'mae', 'psnr']);
    expect(Object.keys(result.kinds)).toEqual(['last-frame', 'sample', 'mean', 'best']);
    const several = await score([clip], { protocol: { context: 3, horizon: 2 }, starts: 2 });
    expect(several.clips[0].starts).toEqual([4, 6]);
  });

  test.each([
    [2, /the last 2; further ahead, every second and every fourth of the given ones too$/],
    [8, /the last 8$/],
  ])('says which of ten given frames a model of %i context frames reads', async (context, line) => {
    const reader = randomModel([tinyNetwork({ head: mixtureTogether, conditioning: [{ ...warpedFrames, context }] })]);
    const clip = await pngClip(folder.path, `of-${context}`, 12);
    const result = await scoreProtocol(reader, [clip], { protocol: { context: 10, horizon: 1 }, samples: 1 });
    expect(protocolLines(result).find((text) => text.startsWith('given frames'))).toMatch(line);
  });

  test('frames before the given ones change nothing, given ones do', async () => {
    const expecting = randomModel([tinyNetwork({ head: mixtureTogether, conditioning: [warpedFrames] })]);
    const frames = slope(12).map((one, t) => ({ ...one, data: one.data.map((byte, i) => (byte + t * i) % 256) }));
    const variant = async (name: string, changed: number) => {
      const made = frames.map((one, t) => (t === changed ? { ...one, data: one.data.map((byte) => 255 - byte) } : one));
      await writeImages(at('variants', name), made, sequence);
      const protocol = { context: 5, horizon: 4, from: 8 };
      return (await scoreProtocol(expecting, [at('variants', name)], { protocol, samples: 1 })).kinds['best-guess']!
        .mse;
    };
    const kept = await variant('kept', -1);
    expect(await variant('before', 2)).toEqual(kept);
    expect(await variant('within', 3)).not.toEqual(kept);
  });

  test('counts the frames of a film, and takes another size', async () => {
    const film = filmClip(folder.path, 'own.mkv', 6);
    const result = await score([film], { protocol: own, size: { width: 10, height: 14 } });
    expect([result.protocol.width, result.clips[0].starts]).toEqual([10, [4]]);
    await expect(score([film], { protocol: { ...own, horizon: 3 } })).rejects.toThrow(
      /own\.mkv: expected at least 7 frames, 4 before the first predicted one, received 6/,
    );
  });

  test('refuses a first frame among the given ones, and a size beside a published protocol', async () => {
    const options = { protocol: { context: 4, horizon: 2, from: 3 } };
    await expect(score(['x'], options)).rejects.toThrow(
      /from: expected at least 4, after 4 given frames, received 3; /,
    );
    const sized = { protocol: 'kth-64', size: { width: 8, height: 8 } } as const;
    await expect(score(['x'], sized)).rejects.toThrow(
      /size: expected no size beside kth-64, received 8x8; omit the size/,
    );
    await expect(score(['x'], { protocol: 'kth' as 'kth-64' })).rejects.toThrow(/'protocol', received "kth"/);
  });
});

test('samples are scored one by one, as the mean frame, and as the best', async () => {
  const clip = await pngClip(folder.path, 'sampled', 8);
  const options = { protocol: { context: 2, horizon: 2, from: 4 } };
  const { kinds } = await score([clip], { ...options, samples: 3 });
  expect(kinds.best!.mse!.mean).toBeLessThan(kinds.sample!.mse!.mean);
  expect(kinds.best!.psnr!.mean).toBeGreaterThan(kinds.sample!.psnr!.mean);
  // The mean of samples that differ has less squared error than they have on average.
  expect(kinds.mean!.mse!.mean).toBeLessThan(kinds.sample!.mse!.mean);
});

test('an abort leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('stopped'));
  const options = { protocol: 'moving-mnist', signal: controller.signal, onProgress } as const;
  await expect(score([at('mnist')], options)).rejects.toThrow('stopped');
  expect(tf.memory().numTensors).toBe(before);
});
