import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { completeFlags } from '../src/commands/sample-images/options.js';
import { withFlag, pickOptions, imageSamplingFields } from '../src/foundation/option-fields.js';
import { startWithModel } from './start-backend.js';
import { ABOUT_TEMPERATURE } from './clip-options.js';
import { addAction, computing, type Action } from './options.js';
import { outputStem } from './output-stem.js';

const flags = {
  model: withFlag(z.string(), 'run|name', 'run folder, .safetensors file or shipped model, of images'),
  out: withFlag(
    z.string().optional(),
    'file.png',
    'contact sheet: the image, its kept rows, the completions (default: here, <image>-completed.png)',
  ),
  ...completeFlags,
  ...imageSamplingFields,
  ...computing,
};

/** Returns the `complete` command, which keeps the upper rows of an image and samples the others. */
export function createCommand(): Command {
  const complete = new Command('complete')
    .description('complete an image: keep its upper rows and draw the others, several times')
    .argument('<image>', 'a PNG, JPEG, WebP, TIFF, AVIF or GIF file')
    .addHelpText('after', [ABOUT_TEMPERATURE, EXAMPLES].join('\n'));
  return addAction(complete, flags, draw);
}

const EXAMPLES = `
Examples:
  $ pxv complete digit.png --model runs/mine           writes digit-completed.png
  $ pxv complete photo.jpg --model runs/mine --from-row 16 --samples 14 --out sheet.png

One network draws exactly from its distribution given the kept rows. A chain of scales does not: its coarse image is
drawn without the finer pixels of these rows ("exact": false in the JSON).`;

const NOT_EXACT = '\nnot exact: a chain of scales draws its coarse image without the finer pixels of the kept rows';

const draw: Action<typeof flags, [string]> = async ({ signal, progress }, image, options) => {
  const { completeImage } = await import('../src/commands/sample-images/complete-image.js');
  const { samples, seed, out = `${outputStem(image)}-completed.png` } = options;
  const settings = pickOptions(imageSamplingFields, options);
  const { model, chosen, seconds } = await startWithModel(options, progress);
  const { size } = model.chain.exampleShape;
  const { height } = size;
  const fromRow = options.fromRow ?? Math.floor(height / 2);
  const { exact, dimensions, bitsPerDim } = await completeImage(model, image, {
    ...pickOptions(completeFlags, options),
    out,
    fromRow,
    settings,
    signal,
    onProgress: (share) => progress.show({ label: 'complete', done: share * height, total: height, unit: 'rows' }),
  });
  const taken = seconds();
  return {
    text:
      `${out}: ${image}, rows from ${fromRow} on drawn ${pluralize(samples, 'time')} by ${model.name} in ` +
      `${taken.toFixed(1)} s${exact ? '' : NOT_EXACT}`,
    json: {
      model: model.name,
      seed,
      output: out,
      seconds: taken,
      ...size,
      fromRow,
      samples,
      ...settings,
      exact,
      dimensions,
      bitsPerDim,
      ...chosen,
    },
  };
};
