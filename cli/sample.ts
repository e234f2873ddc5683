import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { withFlag, pickOptions, imageSamplingFields } from '../src/foundation/option-fields.js';
import { sampleFlags } from '../src/commands/sample-images/options.js';
import { startWithModel } from './start-backend.js';
import { ABOUT_TEMPERATURE } from './clip-options.js';
import { addAction, computing, type Action } from './options.js';

const flags = {
  model: withFlag(z.string(), 'run|name', 'run folder, .safetensors file or shipped model'),
  out: withFlag(z.string().default('samples.png'), 'path', '.png (contact sheet) or a folder (one file an image)'),
  ...sampleFlags,
  ...imageSamplingFields,
  ...computing,
};

/** Returns the `sample` command, which samples images from a model of images. */
export function createCommand(): Command {
  const sample = new Command('sample')
    .description('draw images from an unconditional model')
    .addHelpText('after', [ABOUT_TEMPERATURE, EXAMPLES].join('\n'));
  return addAction(sample, flags, sampleSheet);
}

const EXAMPLES = `
Examples:
  $ pxv sample --model runs/digits                     writes samples.png, 16 images
  $ pxv sample --model runs/cifar --count 64 --scale 4 --seed 7 --out sheet.png
  $ pxv sample --model runs/cifar --temperature 0.9    closer to the most probable levels

The bits/dim are exact, except for a chain trained with --shared predicted: there they are an upper
bound, since shared pixels are drawn twice ("exact": false in the JSON).`;

const sampleSheet: Action<typeof flags> = async ({ signal, progress, markSaving }, options) => {
  const { sampleImages } = await import('../src/commands/sample-images/sample-images.js');
  const { count, out, seed } = options;
  const settings = pickOptions(imageSamplingFields, options);
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const found = await sampleImages(model, {
    ...pickOptions(sampleFlags, options),
    out,
    settings,
    signal,
    keepFinished: true,
    onProgress: (done) => progress.show({ label: 'sample', done, total: count, unit: 'images' }),
    onDrawn: markSaving,
  });
  const { images, bitsPerDim, exact } = found;
  const taken = seconds();
  const { size, channels } = model.chain.exampleShape;
  const drawn = `${images === count ? '' : `${images} of `}${pluralize(count, 'image')}`;
  return {
    text:
      `${out}: ${drawn} drawn by ${model.name} in ${taken.toFixed(1)} s, ` +
      `${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim`,
    json: { model: model.name, seed, output: out, seconds: taken, ...found, ...size, channels, ...settings, ...chosen },
  };
};
