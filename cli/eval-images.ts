import { Command } from 'commander';
import type { BackendOptions } from '../src/backend/choose-backend.js';
import { PxvError } from '../src/foundation/errors.js';
import type { Published } from '../src/evaluation/published.js';
import type { RankedImage } from '../src/tasks/extreme-images.js';
import type { Parsed } from '../src/tasks/options/fields.js';
import { scoreImagesFlags } from '../src/tasks/options/score-images.js';
import type { ImageSetScore } from '../src/tasks/score-images.js';
import { startComputing } from './computing.js';
import { addComputeOptions, addFields, addJsonOption, askedOf } from './options.js';
import { run, type Report, type Work } from './report.js';
import { formatTable } from './table.js';

interface EvalImagesOptions extends Parsed<typeof scoreImagesFlags>, BackendOptions {
  model?: string;
}

export function command(): Command {
  const evalImages = new Command('eval-images')
    .description('score a model on images: bits/dim, or nats per image where pixels are black or white')
    .argument('<set>', 'a data set (see pxv datasets list) or a folder of images')
    .option(
      '--model <run|name>',
      "run folder, .safetensors file or shipped model (default: the one of the set's name)",
    );
  addFields(evalImages, scoreImagesFlags);
  addJsonOption(evalImages);
  addComputeOptions(evalImages);
  evalImages.addHelpText(
    'after',
    `
Examples:
  $ pxv eval-images binarized-mnist
  $ pxv eval-images cifar --model runs/mine --data cifar-10-batches-bin --out extremes.png
  $ pxv eval-images photos/ --model runs/mine --limit 100 --json`,
  );
  return evalImages.action(run(evaluate));
}

async function evaluate({ signal, progress }: Work, set: string, options: EvalImagesOptions): Promise<Report> {
  const { expectImageSet } = await import('../datasets/index.js');
  const { loadModel } = await import('../src/model/checkpoint.js');
  const { shippedModels } = await import('../src/model/shipped-models.js');
  const { scoreImageSet } = await import('../src/tasks/score-images.js');
  if (options.model === undefined && !shippedModels().includes(set)) {
    expectImageSet(set);
    throw noModel(set);
  }
  const model = loadModel(options.model ?? set);
  const chosen = await startComputing(options, progress);
  const { split, out } = options;
  const started = performance.now();
  const score = await scoreImageSet(model, set, {
    ...askedOf(scoreImagesFlags, options),
    signal,
    onProgress: ({ what, done, total, bitsPerDim }) =>
      progress.show({
        label: what,
        done,
        total,
        unit: 'images',
        ...(bitsPerDim !== undefined && { fields: { 'bits/dim': bitsPerDim } }),
      }),
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    text: textOf(model.name, score, out),
    json: {
      model: model.name,
      set,
      split,
      seconds,
      ...jsonOf(score),
      ...(out !== undefined && { output: out }),
      ...chosen,
    },
  };
}

function jsonOf({ bitsPerDim, natsPerImage, channels, ...rest }: ImageSetScore) {
  return {
    bitsPerDim: bitsPerDim.mean,
    standardError: bitsPerDim.standardError,
    natsPerImage: natsPerImage.mean,
    natsPerImageStandardError: natsPerImage.standardError,
    channels: channels.map(({ mean, standardError }) => ({ bitsPerDim: mean, standardError })),
    ...rest,
  };
}

function textOf(model: string, score: ImageSetScore, out: string | undefined): string {
  const { unit, bitsPerDim, natsPerImage, channels, spread, images, baselines, published, exact, protocol, worst } =
    score;
  const digits = unit === 'bits/dim' ? 3 : 2;
  const headline = unit === 'bits/dim' ? bitsPerDim : natsPerImage;
  const withError = ({ mean, standardError }: { mean: number; standardError: number }, places: number) =>
    Number.isNaN(standardError) ? mean.toFixed(places) : `${mean.toFixed(places)} +- ${standardError.toFixed(places)}`;
  const other = unit === 'bits/dim' ? [] : [`${withError(bitsPerDim, 4)} bits/dim`];
  const colours = channels.length === 3 ? ['R', 'G', 'B'] : [];
  const quantiles = Object.entries(spread.quantiles).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return [
    `${model}: ${exact ? '' : '<= '}${withError(headline, digits)} ${unit}`,
    ...other,
    '',
    ...protocol,
    '',
    ...(colours.length === 0
      ? []
      : [`channels, bits/dim: ${colours.map((name, c) => `${name} ${withError(channels[c], 3)}`).join(', ')}`]),
    ...(images === 1
      ? []
      : [`images, bits/dim: standard deviation ${spread.standardDeviation.toFixed(3)}; ${quantiles.join(', ')}`]),
    ...(images === 1 || worst[0].file === null
      ? []
      : [`most bits/dim: ${worst.slice(0, NAMED).map(namedImage).join(', ')}`]),
    `baselines, ${unit}: uniform ${baselines.uniform.toFixed(digits)}, histogram ${baselines.histogram.toFixed(digits)}, PNG ${baselines.png.toFixed(digits)}, lossless WebP ${baselines.webp.toFixed(digits)}`,
    ...(published === null ? [] : ['', `published, ${unit} on ${published.images}:`, publishedTable(published)]),
    ...(out === undefined ? [] : ['', `${out}: the worst and best images, and where their bits are`]),
  ].join('\n');
}

/** How many of the images that need most are named, where they have files of their own. */
const NAMED = 3;

function namedImage({ file, bitsPerDim }: RankedImage): string {
  return `${file} ${bitsPerDim.toFixed(3)}`;
}

function publishedTable({ scores }: Published): string {
  return formatTable(
    [
      { title: '', align: 'left' },
      { title: '', align: 'right' },
      { title: '', align: 'left' },
    ],
    scores.map(({ model, value, bound, source }) => [model, `${bound ? '<= ' : ''}${value.toFixed(2)}`, source]),
  );
}

function noModel(set: string): PxvError {
  return new PxvError({
    code: 'USAGE',
    operation: 'read options',
    argument: '--model',
    expected: `a model, since none is shipped by the name ${set}`,
    received: 'none',
    remedy: `give one such as --model runs/mine`,
  });
}
