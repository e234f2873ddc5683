import { Command } from 'commander';
import { z } from 'zod';
import type { Published } from '../src/evaluation/published.js';
import { withFlag, pickOptions } from '../src/foundation/option-fields.js';
import { scoreImagesFlags } from '../src/commands/evaluate/options.js';
import type { ImageSetScore } from '../src/commands/evaluate/score-image-set.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { formatWithError } from '../src/document/format-with-error.js';
import { startWithModel } from './start-backend.js';
import { invalidOption } from '../src/foundation/parse-flag.js';
import { addAction, computing, type Action } from './options.js';

const flags = {
  model: withFlag(
    z.string().optional(),
    'run|name',
    "run folder, .safetensors file or shipped model (default: the one of the set's name)",
  ),
  ...scoreImagesFlags,
  ...computing,
};

/** Returns the `eval-images` command, which scores a model on images. */
export function createCommand(): Command {
  const evalImages = new Command('eval-images')
    .description('score a model on images: bits/dim, or nats per image if pixels are binary')
    .argument('<set>', 'a data set (see pxv datasets list) or a folder of images')
    .addHelpText('after', EXAMPLES);
  return addAction(evalImages, flags, evaluate, { shares: true });
}

const EXAMPLES = `
Examples:
  $ pxv eval-images binarized-mnist
  $ pxv eval-images cifar --model runs/mine --data cifar-10-batches-bin --out extremes.png
  $ pxv eval-images photos/ --model runs/mine --limit 100 --json`;

const evaluate: Action<typeof flags, [string]> = async ({ signal, progress, processGroup }, set, options) => {
  const { assertImageSet } = await import('../datasets/index.js');
  const { listShippedModels } = await import('../src/model/shipped-models.js');
  const { scoreImageSet } = await import('../src/commands/evaluate/score-image-set.js');
  if (options.model === undefined && !listShippedModels().includes(set)) {
    assertImageSet(set);
    const expected = `a model, since none is shipped by the name ${set}`;
    throw invalidOption('--model', expected, 'none', 'give one such as --model runs/mine');
  }
  const asked = { ...options, model: options.model ?? set };
  const { model, chosen, seconds } = await startWithModel(asked, progress, processGroup);
  const { split, out } = options;
  const score = await scoreImageSet(model, set, {
    ...pickOptions(scoreImagesFlags, options),
    signal,
    processGroup,
    onProgress: ({ what, done, total, bitsPerDim }) =>
      progress.show({
        label: what,
        done,
        total,
        unit: 'images',
        ...(bitsPerDim !== undefined && { fields: { 'bits/dim': bitsPerDim } }),
      }),
  });
  const { bitsPerDim, natsPerImage, channels, ...rest } = score;
  return {
    text: linesOf(model.name, score, out),
    json: {
      model: model.name,
      set,
      split,
      seconds: seconds(),
      bitsPerDim: bitsPerDim.mean,
      standardError: bitsPerDim.standardError,
      natsPerImage: natsPerImage.mean,
      natsPerImageStandardError: natsPerImage.standardError,
      channels: channels.map(({ mean, standardError }) => ({ bitsPerDim: mean, standardError })),
      ...rest,
      ...(out !== undefined && { output: out }),
      ...chosen,
    },
  };
};

function linesOf(model: string, score: ImageSetScore, out: string | undefined): (string | false)[] {
  const { unit, bitsPerDim, natsPerImage, channels, spread, images, baselines, published, protocol, worst } = score;
  const [headline, digits] = unit === 'bits/dim' ? [bitsPerDim, 3] : [natsPerImage, 2];
  const colours = channels.map((bits, c) => `${'RGB'[c]} ${formatWithError(bits.mean, bits.standardError, 3)}`);
  const quantiles = Object.entries(spread.quantiles).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const named = worst.slice(0, NAMED).map((image) => `${image.file} ${image.bitsPerDim.toFixed(3)}`);
  const { uniform, histogram, png, webp } = baselines;
  const bounds = Object.entries({ uniform, histogram, PNG: png, 'lossless WebP': webp }).map(
    ([name, bits]) => `${name} ${bits.toFixed(digits)}`,
  );
  return [
    `${model}: ${score.exact ? '' : '<= '}${formatWithError(headline.mean, headline.standardError, digits)} ${unit}`,
    unit !== 'bits/dim' && `${formatWithError(bitsPerDim.mean, bitsPerDim.standardError, 4)} bits/dim`,
    '',
    ...protocol,
    '',
    channels.length === 3 && `channels, bits/dim: ${colours.join(', ')}`,
    images > 1 &&
      `images, bits/dim: standard deviation ${spread.standardDeviation.toFixed(3)}; ${quantiles.join(', ')}`,
    images > 1 && worst[0].file !== null && `most bits/dim: ${named.join(', ')}`,
    `baselines, ${unit}: ${bounds.join(', ')}`,
    published !== null && `\npublished, ${unit} on ${published.images}:\n${publishedTable(published)}`,
    out !== undefined && `\n${out}: the worst and best images, and where their bits are`,
  ];
}

/** Maximum number of images with the highest bits/dim to list, if images have files of their own. */
const NAMED = 3;

function publishedTable({ scores }: Published): string {
  const rows = scores.map(({ model, value, isUpperBound, source }) => [
    model,
    `${isUpperBound ? '<= ' : ''}${value.toFixed(2)}`,
    source,
  ]);
  return tableText(makeTable('lrl', null, rows));
}
