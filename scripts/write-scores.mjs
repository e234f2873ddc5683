// Fills the tables of scores in README and results from docs/scores, so that they are true when a model changes. A
// table stands between `<!-- scores: NAME -->` and `<!-- end -->`.
//
// usage: node scripts/write-scores.mjs [--check]
//   --check   writes nothing, and fails if a table differs from the files
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const DOCUMENTS = ['README.md', 'docs/results.md'];
/** Frames ahead, of results. */
const HORIZONS = [1, 2, 4, 8];
/** Files of scores, and the names of their models. All but the first are in the history alone. */
const MODELS = {
  'video-64': '`video-64`',
  'video-64-december-2': '`video-64` until 2 December',
  'video-64-november-30': '`video-64` until 1 December',
};

const result = (name) => JSON.parse(readFileSync(`docs/scores/${name}.json`, 'utf8'));
/** Of each model what `pxv eval-video --json` printed, without and with --adapt. */
const scores = Object.entries(MODELS).map(([file, model]) => ({
  model,
  plain: result(file),
  adapted: result(`${file}-adapt`),
}));
const [first] = scores;

/** Returns the cells of each table: those of its heading, then those of its rows. */
const tables = {
  numbers: () => {
    const [previous, codec] = baselinesOf(first.plain).map(bits);
    const [guess, moved] = ['best-guess', 'moved-last-frame'].map((kind) => gains(first.plain, kind, [1, 4, 8]));
    return [
      ['', 'pxv', 'beside it'],
      [
        'bits/dim of twelve clips at 64x64, one frame ahead',
        bits(first.plain.bitsPerDim),
        `the previous frame: ${previous}; the best of x264, x265, FFV1, lossless: ${codec}`,
      ],
      ['the same, learning from each clip as it goes (`--adapt`)', bits(first.adapted.bitsPerDim), ''],
      [
        'best guess: dB more than the last frame repeated, at 1, 4, 8 frames',
        guess.join(', '),
        `last frame moved on by block matching: ${moved.join(', ')}`,
      ],
      ...result('others').map(({ what, pxv, beside }) => [what, pxv, beside]),
    ];
  },
  clips: () => [
    ['clip', first.model, 'with `--adapt`', 'previous frame', 'best codec'],
    ...first.plain.clips.map((clip, at) => [
      clip.name.replace(/\.\w+$/, ''),
      ...[first.plain, first.adapted].map(({ clips }) => bits(clips[at].bitsPerDim)),
      bits(clip.previousFrameBitsPerDim),
      bits(clip.codecs.best),
    ]),
    [
      'all',
      ...[first.plain, first.adapted].map(({ bitsPerDim }) => bits(bitsPerDim)),
      ...baselinesOf(first.plain).map(bits),
    ],
  ],
  models: () => [
    ['', ...scores.map(({ model }) => model)],
    ['bits/dim', ...scores.map(({ plain }) => bits(plain.bitsPerDim))],
    ['with `--adapt`', ...scores.map(({ adapted }) => bits(adapted.bitsPerDim))],
    ...Object.entries({
      'moved-last-frame': 'last frame moved',
      'best-guess': 'best guess',
      sample: 'one sample',
      mean: 'mean of 8',
    }).map(([kind, words]) => [`dB, ${words}`, ...scores.map(({ plain }) => gains(plain, kind, HORIZONS).join('/'))]),
    [
      'change, one sample over true',
      ...scores.map(({ plain }) =>
        HORIZONS.map((frame) => plain.forecasts.kinds.sample.changeRatio[frame - 1].toFixed(2)).join('/'),
      ),
    ],
  ],
};

const isCheck = process.argv.includes('--check');
const shown = new Set();
for (const path of DOCUMENTS) {
  const text = readFileSync(path, 'utf8');
  const filled = text.replace(/(<!-- scores: (\w+) -->)[^]*?(<!-- end -->)/g, (_, before, name, after) => {
    shown.add(name);
    return [before, tableOf(tables[name]()), after].join('\n\n');
  });
  const written = await format(filled, { ...(await resolveConfig(path)), parser: 'markdown' });
  if (written === text) continue;
  if (isCheck) {
    console.error(`${path}: its tables are not what docs/scores says: run node scripts/write-scores.mjs`);
    process.exitCode = 1;
  } else writeFileSync(path, written);
}
const missing = Object.keys(tables).filter((name) => !shown.has(name));
if (missing.length > 0) {
  console.error(`write-scores: no document has a place for: ${missing.join(', ')}; write <!-- scores: NAME --> there`);
  process.exitCode = 1;
}

function tableOf([heading, ...rows]) {
  // Of a column of numbers the right sides are aligned.
  const rule = heading.map((_, at) => (rows.every((row) => /^[\d.]+$/.test(row[at])) ? '---:' : '---'));
  return [heading, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function baselinesOf({ baselines }) {
  return [baselines['previous-frame'], baselines['lossless-codec']];
}

function bits(value) {
  return value.toFixed(3);
}

/** dB more than the last frame repeated has, so many `frames` ahead. */
function gains({ forecasts }, kind, frames) {
  return frames.map((frame) => {
    const gain = forecasts.kinds[kind].gain.mean[frame - 1];
    return `${gain < 0 ? '' : '+'}${gain.toFixed(2)}`;
  });
}
