import { Command } from 'commander';
import { z } from 'zod';
import { numberOf } from '../src/foundation/number-of.js';
import { encodeFlags } from '../src/codec/options.js';
import { asked, askedOf, type Parsed } from '../src/options/fields.js';
import { ABOUT_SIZES, askedSize, sizeFlags } from './clip-options.js';
import { startWithModel } from './computing.js';
import { addAction, computing } from './options.js';
import { oneLine } from '../src/foundation/printable.js';
import type { Report, Work } from './action.js';
import { stemOf } from './stem.js';

const { threads, instructionSet } = computing;
const flags = {
  out: asked(z.string().optional(), 'file', 'file to write (default: <clip>.pxv)'),
  ...encodeFlags,
  model: asked(z.string().default('video-64-small'), 'run|name', 'run folder, .safetensors file or shipped model'),
  ...sizeFlags("the clip's aspect, with the shorter side of the model"),
  ...{ threads, instructionSet },
};

export function command(): Command {
  const encode = new Command('encode')
    .description('write a clip without loss, each frame in as many bits as the model says')
    .argument('<clip>', 'video file, folder of numbered images, or folder of other images')
    .addHelpText('after', ABOUT)
    .addHelpText('after', ABOUT_SIZES)
    .addHelpText('after', EXAMPLES);
  return addAction(encode, flags, write, { shares: true });
}

const ABOUT = `
Images of a folder that differ in more than numbers are no clip: each stands for itself, and keeps its name. Those of several sizes
need a --size. With a model of images (--model cifar) so do all images of a folder.

What is kept is each frame at the size that it is brought to, to the last bit. A file is read by the same model, on machines that
round as this one: x86 with AVX2 and Arm are one family, WebAssembly and portable another. --instruction-set portable writes
files that both read, in some twice the time.`;

const EXAMPLES = `
Examples:
  $ pxv encode clip.mp4                           writes clip.pxv
  $ pxv encode clip.mp4 --size 128x72 --out small.pxv
  $ pxv encode frames/ --model runs/mine --key-every 50
  $ pxv encode photos/ --size 96x64               each image by itself, as PNG again by pxv decode
  $ pxv encode clip.mp4 --model runs/mine --with-model
  $ pxv decode clip.pxv --out frames              the same frames again`;

async function write(
  { signal, progress, processGroup }: Work,
  clip: string,
  options: Parsed<typeof flags>,
): Promise<Report> {
  const { encodeClip } = await import('../src/codec/encode-clip.js');
  const { model, chosen, seconds } = await startWithModel(options, progress, processGroup);
  const found = await encodeClip(model, clip, {
    ...askedOf(encodeFlags, options),
    ...askedSize(options, model.chain.exampleShape.size),
    ...{ out: options.out ?? `${stemOf(clip)}.pxv`, processGroup, signal },
    onFrame: ({ index }, total) => progress.show({ label: 'encode', done: index + 1, total, unit: 'frames' }),
    onWarning: (text) => progress.say(`pxv: warning: ${text}`),
  });
  const { path, frames, areImages, bytes, bitsPerDim, modelBitsPerDim, keys, ...others } = found;
  const [taken, overhead] = [seconds(), bitsPerDim / modelBitsPerDim - 1];
  return {
    text: oneLine(
      `${path}: ${numberOf(frames, areImages ? 'image' : 'frame')} in ${kilobytes(bytes)} and ${taken.toFixed(1)} s: ${bitsPerDim.toFixed(3)} bits/dim, ` +
        `${(100 * overhead).toFixed(2)}% more than the model's` +
        (areImages ? '' : `; ${numberOf(keys.frames, 'key frame')} of ${kilobytes(keys.bytes)}`),
    ),
    json: {
      ...{
        model: model.name,
        output: path,
        seconds: taken,
        frames,
        areImages,
        bytes,
        bitsPerDim,
        modelBitsPerDim,
        overhead,
      },
      ...{ keys, ...others, ...chosen },
    },
  };
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
