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
/** Model whose scores are shown. */
const MODEL = 'video-64';

const result = (name) => JSON.parse(readFileSync(`docs/scores/${name}.json`, 'utf8'));
/** What `pxv eval-video --json` printed of the model, without and with --adapt. */
const plain = result(MODEL);
const adapted = result(`${MODEL}-adapt`);
const baselines = [plain.baselines['previous-frame'], plain.baselines['lossless-codec']];

/** Returns the cells of each table: those of its heading, then those of its rows. */
const tables = {
  numbers: () => {
    const [previous, codec] = baselines.map(bits);
    const [guess, moved] = ['best-guess', 'moved-last-frame'].map((kind) => gains(kind, [1, 4, 8]));
    return [
      ['', 'pxv', 'for comparison'],
      [
        'bits/dim of twelve unseen clips at 64x64, one frame ahead (fewer is better)',
        bits(plain.bitsPerDim),
        `previous frame: ${previous}; best lossless codec (x264, x265, FFV1): ${codec}`,
      ],
      ['the same, adapting to each clip (`--adapt`)', bits(adapted.bitsPerDim), ''],
      [
        'best guess, 1, 4 and 8 frames ahead: gain over repeating the last frame, dB',
        guess.join(', '),
        `last frame moved by block matching: ${moved.join(', ')}`,
      ],
      ...result('others').map(({ what, pxv, beside }) => [what, pxv, beside]),
    ];
  },
  clips: () => [
    ['bits/dim', `\`${MODEL}\``, 'with `--adapt`', 'previous frame', 'best codec'],
    ...plain.clips.map((clip, at) => [
      clip.name.replace(/\.\w+$/, ''),
      ...[plain, adapted].map(({ clips }) => bits(clips[at].bitsPerDim)),
      bits(clip.previousFrameBitsPerDim),
      bits(clip.codecs.best),
    ]),
    ['all', ...[plain.bitsPerDim, adapted.bitsPerDim, ...baselines].map(bits)],
  ],
  forecasts: () => [
    ['frames ahead', ...HORIZONS.map(String)],
    ...Object.entries({
      'moved-last-frame': 'last frame moved, dB',
      'best-guess': 'best guess, dB',
      sample: 'one sample, dB',
      mean: 'mean of 8 samples, dB',
    }).map(([kind, words]) => [words, ...gains(kind, HORIZONS)]),
    [
      'change from frame to frame, one sample / truth',
      ...HORIZONS.map((frame) => plain.forecasts.kinds.sample.changeRatio[frame - 1].toFixed(2)),
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
  // Columns of numbers are aligned on the right.
  const rule = heading.map((_, at) => (rows.every((row) => /^[+-]?[\d.]+$/.test(row[at])) ? '---:' : '---'));
  return [heading, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function bits(value) {
  return value.toFixed(3);
}

/** Gains of a kind of forecast over repeating the last frame, in dB, by the number of frames ahead. */
function gains(kind, frames) {
  return frames.map((frame) => {
    const gain = plain.forecasts.kinds[kind].gain.mean[frame - 1];
    return `${gain < 0 ? '' : '+'}${gain.toFixed(2)}`;
  });
}
