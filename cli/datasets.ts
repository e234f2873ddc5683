import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { withFlag, data } from '../src/foundation/option-fields.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { invalidOption } from '../src/foundation/parse-flag.js';
import { addAction, type Action } from './options.js';

const getFlags = {
  mirror: withFlag(z.string().optional(), 'url', 'address of a folder with files of the same names, to ask instead', {
    parse: address,
  }),
};
const verifyFlags = { data };

/** Returns the `datasets` command, which lists, downloads and verifies image data sets. */
export function createCommand(): Command {
  const datasets = new Command('datasets')
    .description('data sets of images and videos: list them, download one, check its files')
    .addHelpText('after', EXAMPLES);
  const list = datasets.command('list').description('list the data sets and the folders of their files');
  addAction(list, {}, listSets);
  const get = datasets
    .command('get')
    .description('download a data set from its official source to the cache')
    .argument('<name>', 'one of pxv datasets list')
    .addHelpText('after', GET_HELP);
  addAction(get, getFlags, getSet);
  const verify = datasets
    .command('verify')
    .description('check the files of a data set: format, counts, and checksums if known')
    .argument('<name>', 'one of pxv datasets list, or a folder of images');
  addAction(verify, verifyFlags, verifySet);
  return datasets;
}

const EXAMPLES = `
Examples:
  $ pxv datasets list
  $ pxv datasets get mnist
  $ pxv datasets verify cifar --data files/`;

const GET_HELP = `
An interrupted download goes on where it stopped. The cache is PXV_DATA, else XDG_CACHE_HOME/pxv/datasets, else
~/.cache/pxv/datasets.

Examples:
  $ pxv datasets get cifar
  $ PXV_DATA=/data pxv datasets get mnist`;

const listSets: Action<Record<never, never>> = async () => {
  const { cacheFolder, imageSets, videoSets } = await import('../datasets/index.js');
  const { existsSync } = await import('node:fs');
  const sets = [...imageSets, ...videoSets].map((set) => {
    const { name, title, size, channels, levels, counts, files } = set;
    const frames = 'frames' in set ? set.frames : null;
    const folder = cacheFolder(name);
    const present = existsSync(folder);
    const bytes = files.length > 0 ? files.reduce((sum, file) => sum + file.bytes, 0) : null;
    return { name, title, ...size, frames, channels, levels, counts, folder, present, downloadBytes: bytes };
  });
  const rows = sets.map(({ name, counts, downloadBytes, present, title, folder }) => [
    name,
    ...(['train', 'validation', 'test'] as const).map((split) => String(counts?.[split] ?? '')),
    present ? 'here' : downloadBytes === null ? 'by hand' : `${Math.ceil(downloadBytes / 1e6)} MB`,
    title,
    folder,
  ]);
  const titles = ['name', 'train', 'validation', 'test', 'files', 'what', 'folder'];
  return { text: tableText(makeTable('lrrrrll', titles, rows)), json: { datasets: sets } };
};

const getSet: Action<typeof getFlags, [string]> = async ({ signal, progress }, name, { mirror }) => {
  const { downloadDataSet } = await import('../datasets/index.js');
  const { folder, alreadyThere } = await downloadDataSet(name, {
    signal,
    ...(mirror !== undefined && { mirror }),
    onProgress: (label, done, total) =>
      progress.show({ label, done: Math.ceil(done / 1000), total: Math.ceil(total / 1000), unit: 'kB' }),
  });
  const text = alreadyThere
    ? `${folder}: already there; check it with pxv datasets verify ${name}, or delete it to download it again`
    : `${folder}: downloaded, checksums right`;
  return { text, json: { name, output: folder, alreadyThere } };
};

const verifySet: Action<typeof verifyFlags, [string]> = async ({ signal, progress }, name, { data }) => {
  const { verifyDataSet } = await import('../datasets/index.js');
  const { folder, splits, checkedFiles } = await verifyDataSet(name, {
    data,
    signal,
    onProgress: (done, total) => progress.show({ label: 'decode', done, total, unit: 'images' }),
  });
  const lines = splits.map(({ split, images, official, origin }) => {
    const whole = official === null ? '' : ` of ${official}`;
    return `${split}: ${pluralize(`${images}${whole}`, 'image')}; ${origin}`;
  });
  const sums =
    checkedFiles.length > 0 ? `checksums right: ${checkedFiles.join(', ')}` : 'no checksums are known of these files';
  return { text: [folder, ...lines, sums].join('\n'), json: { name, folder, splits, checkedFiles } };
};

function address(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  const remedy = 'give one such as https://example.org/cifar/';
  throw invalidOption('--mirror', 'an http or https address', JSON.stringify(text), remedy);
}
