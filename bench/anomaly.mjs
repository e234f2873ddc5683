// Measures how well `pxv surprise` finds anomalies in a set with labelled frames. The baseline is fitted to the normal
// clips, by a model that learned them: see recipes/ped2.json and docs/measurements.md, "Surprise".
//
// usage: node bench/anomaly.mjs SET --model RUN [--normal NAME...] [--test FOLDER] [--labels FILE.tsv] [--size 96x64]
//                               [--threads N]
//   SET/train/NAME/*.png          normal clips; --normal: those to fit the baseline to (default: all)
//   SET/FOLDER/NAME/*.png         clips to score (default: test)
//   SET/labels.tsv                clip, frame from 0, 1 if anomalous
//   SET/FOLDER_masks/NAME/*.png   anomalous pixels; without masks pixels are not scored
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { chooseBackend, listClips, loadModel, openClip } from '../dist/src/index.js';
import { fitBaseline, frameCosts } from '../dist/src/anomaly/score-anomalies.js';
import { AnomalyScorer } from '../dist/src/anomaly/anomaly-scorer.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    normal: { type: 'string', multiple: true },
    test: { type: 'string', default: 'test' },
    labels: { type: 'string', default: 'labels.tsv' },
    size: { type: 'string', default: '96x64' },
    fps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
  },
});
const [set] = positionals;
const [width, height] = values.size.split('x').map(Number);
const frameRate = Number(values.fps);
await chooseBackend({ threads: Number(values.threads) });
const model = loadModel(values.model);
const channels = model.chain.exampleShape.channels;
const open = (path) =>
  openClip(path, { size: { width, height }, channels, frameRate: { numerator: frameRate, denominator: 1 } });
const options = { frameRate, batch: 8 };

async function* normalClips() {
  const names = values.normal ?? readdirSync(join(set, 'train')).sort();
  for (const name of names) yield (await open(join(set, 'train', name))).frames();
}
const baseline = await fitBaseline(model, normalClips(), options);

const isAnomalous = new Map();
for (const line of readFileSync(join(set, values.labels), 'utf8').trim().split('\n')) {
  const [clip, frame, label] = line.split('\t');
  isAnomalous.set(`${clip} ${Number(frame)}`, label === '1');
}

const clips = [];
for (const { path, name } of await listClips([join(set, values.test)])) {
  const reader = await open(path);
  const clip = { name, scores: [], errors: [], blocks: [], labels: [], pixels: { scores: [], labels: [] } };
  const scorer = new AnomalyScorer({ width, height }, frameRate, { baseline });
  let previous = null;
  async function* frames() {
    for await (const frame of reader.frames()) {
      if (previous !== null) {
        const [error, block] = lastFrameErrors(frame, previous);
        clip.errors.push(error);
        clip.blocks.push(block);
      }
      yield (previous = frame);
    }
  }
  const scored = [];
  for await (const cost of frameCosts(model, frames(), options))
    scored.push(...scorer.add(cost, cost.index >= model.chain.exampleShape.context));
  scored.push(...scorer.end());
  for (const { item, score, regionZScores } of scored) {
    clip.scores.push(score);
    clip.labels.push(isAnomalous.get(`${name} ${item.index}`) ?? false);
    const mask = join(set, `${values.test}_masks`, name, `${String(item.index).padStart(3, '0')}.png`);
    if (existsSync(mask)) await addPixels(clip.pixels, mask, regionZScores, scorer.boxes);
  }
  clips.push(clip);
  console.error(`${name}: ${clip.scores.length} frames`);
}

const print = (what, scoresOf) => {
  const [all, scaled] = [(scores) => scores, toUnit].map((shaped) =>
    areaUnderRoc(
      clips.flatMap((clip) => [...shaped(scoresOf(clip))]),
      clips.flatMap(({ labels }) => labels),
    ),
  );
  console.log(`${what.padEnd(42)} ${all.toFixed(3)}   ${scaled.toFixed(3)}`);
};
console.log(
  `area under the ROC curve, ${clips.flatMap(({ labels }) => labels).length} frames: as they are, each clip ` +
    'brought to 0..1',
);
print('surprise', ({ scores }) => scores);
print('squared error of the last frame repeated', ({ errors }) => errors);
print('its largest 8x8 block', ({ blocks }) => blocks);
const pixels = clips.map(({ pixels }) => pixels);
if (pixels.some(({ scores }) => scores.length > 0))
  console.log(
    `surprise, pixels ${areaUnderRoc(
      pixels.flatMap(({ scores }) => scores),
      pixels.flatMap(({ labels }) => labels),
    ).toFixed(3)}`,
  );
process.exit();

/** Of a frame the mean over all, and the largest over blocks of 8 x 8. */
function lastFrameErrors(frame, { data }) {
  const sums = new Map();
  let all = 0;
  for (let at = 0; at < frame.data.length; at++) {
    const square = (frame.data[at] - data[at]) ** 2;
    const pixel = Math.floor(at / channels);
    const block = `${(pixel % width) >> 3} ${Math.floor(pixel / width) >> 3}`;
    all += square;
    sums.set(block, (sums.get(block) ?? 0) + square);
  }
  return [all / frame.data.length, Math.max(...sums.values()) / (64 * channels)];
}

/**
 * Scores every fourth pixel by the highest score of the regions that it lies in.
 */
async function addPixels({ scores, labels }, mask, ofPlaces, boxes) {
  const { data, info } = await sharp(mask)
    .greyscale()
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let most = -Infinity;
      boxes.forEach((box, place) => {
        if (x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height)
          most = Math.max(most, ofPlaces[place]);
      });
      scores.push(most);
      labels.push(data[(y * width + x) * info.channels] > 127);
    }
  }
}

function toUnit(scores) {
  const least = Math.min(...scores);
  const most = Math.max(...scores);
  return scores.map((score) => (score - least) / (most - least || 1));
}

/** Returns the fraction of pairs, one anomalous and one not, of which the first scores higher; ties count half. */
function areaUnderRoc(scores, labels) {
  const order = scores.map((_, at) => at).sort((a, b) => scores[a] - scores[b]);
  let ranks = 0;
  for (let first = 0; first < order.length;) {
    let end = first;
    while (end < order.length && scores[order[end]] === scores[order[first]]) end++;
    for (let at = first; at < end; at++) if (labels[order[at]]) ranks += (first + end + 1) / 2;
    first = end;
  }
  const anomalous = labels.filter(Boolean).length;
  return (ranks - (anomalous * (anomalous + 1)) / 2) / (anomalous * (labels.length - anomalous));
}
