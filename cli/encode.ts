import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { encodeFlags } from '../src/commands/codec/options.js';
import { withFlag, pickOptions } from '../src/foundation/option-fields.js';
import { ABOUT_SIZES, sizeOptions, sizeFlags } from './clip-options.js';
import { prefetchClip } from './prefetch-clip.js';
import { startWithModel } from './start-backend.js';
import { addAction, computing, videoModel, type Action } from './options.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { outputStem } from './output-stem.js';

const { threads, instructionSet } = computing;
const flags = {
  out: withFlag(z.string().optional(), 'file', 'file to write (default: <clip>.pxv)'),
  ...encodeFlags,
  model: videoModel,
  ...sizeFlags("the clip's aspect, with the shorter side of the model"),
  threads,
  instructionSet,
};

/** Returns the `encode` command, which writes a clip or images losslessly. */
export function createCommand(): Command {
  const encode = new Command('encode')
    .description('compress a clip without loss: each frame in as many bits as its -log2 P by the model')
    .argument('<clip>', 'video file, folder of numbered images, array (.npy), or folder of other images')
    .addHelpText('after', [ABOUT, ABOUT_SIZES, EXAMPLES].join('\n'));
  return addAction(encode, flags, write);
}

const ABOUT = `
Images of a folder whose names differ in more than numbers are still images, not a clip: each is coded by itself and
keeps its name. Images of several sizes need a --size. With a model of images (--model cifar) all images of a folder
are still images.

Each frame is kept exactly, at the size that --size gives. Decoding needs the same model, and a machine with the
same rounding: x86 with AVX2 and Arm are one family, WebAssembly and portable another. --instruction-set portable
writes files that both decode, in about twice the time.`;

const EXAMPLES = `
Examples:
  $ pxv encode clip.mp4                           writes clip.pxv
  $ pxv encode clip.mp4 --size 128x72 --out small.pxv
  $ pxv encode frames/ --model runs/mine --key-frame-interval 50
  $ pxv encode photos/ --size 96x64               each image by itself, as PNG again by pxv decode
  $ pxv encode clip.mp4 --model runs/mine --with-model
  $ pxv decode clip.pxv --out frames              the same frames again`;

const write: Action<typeof flags, [string]> = async ({ signal, progress }, clip, options) => {
  await prefetchClip(clip, signal);
  const { encodeClip } = await import('../src/commands/codec/encode-clip.js');
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const found = await encodeClip(model, clip, {
    ...pickOptions(encodeFlags, options),
    ...sizeOptions(options, model.chain.exampleShape.size),
    out: options.out ?? `${outputStem(clip)}.pxv`,
    signal,
    onFrame: ({ index }, total) => progress.show({ label: 'encode', done: index + 1, total, unit: 'frames' }),
    onWarning: (text) => progress.log(`pxv: warning: ${text}`),
  });
  const { path, ...figures } = found;
  const { frames, isStillImages, bytes, bitsPerDim, modelBitsPerDim, keyFrames } = figures;
  const taken = seconds();
  const overhead = bitsPerDim / modelBitsPerDim - 1;
  return {
    text: toOneLine(
      `${path}: ${pluralize(frames, isStillImages ? 'image' : 'frame')} in ${kilobytes(bytes)} and ` +
        `${taken.toFixed(1)} s: ${bitsPerDim.toFixed(3)} bits/dim, ` +
        `${(100 * Math.abs(overhead)).toFixed(2)}% ${overhead < 0 ? 'fewer' : 'more'} than the model's` +
        (isStillImages ? '' : `; ${pluralize(keyFrames.frames, 'key frame')} of ${kilobytes(keyFrames.bytes)}`),
    ),
    json: { model: model.name, output: path, seconds: taken, ...figures, overhead, ...chosen },
  };
};

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
