import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { numberOf } from '../src/foundation/number-of.js';
import { imageDrawing, type Parsed } from '../src/tasks/options/fields.js';
import { sampleFlags } from '../src/tasks/options/sample-images.js';
import { startComputing } from './computing.js';
import { addDrawOptions } from './draw-options.js';
import { addComputeOptions, addFields, addJsonOption, askedOf, path } from './options.js';
import { run, type Report, type Work } from './report.js';

interface SampleOptions extends Parsed<typeof sampleFlags & typeof imageDrawing>, BackendOptions {
  model: string;
  out: string;
}

export function command(): Command {
  const sample = new Command('sample')
    .description('draw images from a model that needs nothing given')
    .requiredOption('--model <run|name>', 'run folder, .safetensors file or shipped model')
    .option('--out <path>', '.png (contact sheet) or a folder (one file an image)', path('--out'), 'samples.png');
  addFields(sample, sampleFlags);
  addDrawOptions(sample);
  addJsonOption(sample);
  addComputeOptions(sample);
  sample.addHelpText(
    'after',
    `
Examples:
  $ pxv sample --model runs/digits                     writes samples.png, 16 images
  $ pxv sample --model runs/cifar --count 64 --scale 4 --seed 7 --out sheet.png
  $ pxv sample --model runs/cifar --temperature 0.9    somewhat nearer to what is likeliest

The bits/dim are those of the images as scored, but for a chain trained with --shared predicted: there they are an upper
bound, since shared pixels are drawn twice ("exact": false in the JSON).`,
  );
  return sample.action(run(sampleSheet));
}

async function sampleSheet({ signal, progress, saves }: Work, options: SampleOptions): Promise<Report> {
  const { loadModel } = await import('../src/model/checkpoint.js');
  const { sampleImages } = await import('../src/tasks/sample-images.js');
  const { count, out, seed } = options;
  const settings = askedOf(imageDrawing, options);
  const model = loadModel(options.model);
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const { images, bitsPerDim, exact } = await sampleImages(model, {
    ...askedOf(sampleFlags, options),
    out,
    settings,
    signal,
    onProgress: (done) => progress.show({ label: 'sample', done, total: count, unit: 'images' }),
    onDrawn: saves,
  });
  const seconds = (performance.now() - started) / 1000;
  const { size, channels } = model.chain.exampleShape;
  const drawn = `${images === count ? '' : `${images} of `}${numberOf(count, 'image')}`;
  return {
    text: `${out}: ${drawn} drawn by ${model.name} in ${seconds.toFixed(1)} s, ${exact ? '' : '<= '}${bitsPerDim.toFixed(3)} bits/dim`,
    json: {
      model: model.name,
      seed,
      output: out,
      seconds,
      images,
      bitsPerDim,
      exact,
      ...size,
      channels,
      ...settings,
      ...chosen,
    },
  };
}
