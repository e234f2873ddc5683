import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { numberOf } from '../src/foundation/number-of.js';
import { completeFlags } from '../src/tasks/options/complete-image.js';
import { imageDrawing, type Parsed } from '../src/tasks/options/fields.js';
import { startComputing } from './computing.js';
import { addDrawOptions } from './draw-options.js';
import { addComputeOptions, addFields, addJsonOption, askedOf, path } from './options.js';
import { run, type Report, type Work } from './report.js';
import { stemOf } from './stem.js';

interface CompleteOptions extends Parsed<typeof completeFlags & typeof imageDrawing>, BackendOptions {
  model: string;
  out?: string;
}

export function command(): Command {
  const complete = new Command('complete')
    .description('keep the upper rows of an image and draw the others, several times')
    .argument('<image>', 'a PNG, JPEG, WebP, TIFF or AVIF file')
    .requiredOption('--model <run|name>', 'run folder, .safetensors file or shipped model, of images')
    .option(
      '--out <file.png>',
      'contact sheet: the image, what is kept, the completions (default: here, <image>-completed.png)',
      path('--out'),
    );
  addFields(complete, completeFlags);
  addDrawOptions(complete);
  addJsonOption(complete);
  addComputeOptions(complete);
  complete.addHelpText(
    'after',
    `
Examples:
  $ pxv complete digit.png --model runs/mine           writes digit-completed.png
  $ pxv complete photo.jpg --model runs/mine --from-row 16 --samples 14 --out sheet.png

One network draws exactly from its distribution given the kept rows. A chain of scales does not: its coarse image is
drawn without a look at the finer pixels of these rows ("exact": false in the JSON).`,
  );
  return complete.action(run(draw));
}

const NOT_EXACT = '\nnot exact: a chain of scales draws its coarse image without the finer pixels of the kept rows';

async function draw({ signal, progress }: Work, image: string, options: CompleteOptions): Promise<Report> {
  const { loadModel } = await import('../src/model/checkpoint.js');
  const { completeImage } = await import('../src/tasks/complete-image.js');
  const { samples, seed } = options;
  const out = options.out ?? `${stemOf(image)}-completed.png`;
  const model = loadModel(options.model);
  const settings = askedOf(imageDrawing, options);
  const { width, height } = model.chain.exampleShape.size;
  const fromRow = options.fromRow ?? Math.floor(height / 2);
  const chosen = await startComputing(options, progress);
  const started = performance.now();
  const { exact, bitsPerDim, dimensions } = await completeImage(model, image, {
    ...askedOf(completeFlags, options),
    out,
    fromRow,
    settings,
    signal,
    onProgress: (share) => progress.show({ label: 'complete', done: share * height, total: height, unit: 'rows' }),
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    text: `${out}: ${image}, rows from ${fromRow} on drawn ${numberOf(samples, 'time')} by ${model.name} in ${seconds.toFixed(1)} s${exact ? '' : NOT_EXACT}`,
    json: {
      ...{ model: model.name, seed, output: out, seconds, width, height },
      ...{ fromRow, samples, ...settings, exact, dimensions, bitsPerDim, ...chosen },
    },
  };
}
