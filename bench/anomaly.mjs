// Measures how well `pxv surprise` finds anomalies in a set with labelled frames or masks: AUROC and F1 of frames and
// of pixels, as anomalib prints them, beside what users of published programs got on UCSD Ped2. The baseline is fitted
// to the normal clips, by a model that learned them: see recipes/ped2.json and docs/measurements.md, "Surprise".
//
// usage: node bench/anomaly.mjs SET --model RUN [--normal NAME...] [--test FOLDER] [--labels FILE.tsv] [--size 96x64]
//                               [--fps 10] [--threads N]
//   SET/train/NAME/*.png          normal clips; --normal: those to fit the baseline to (default: all)
//   SET/FOLDER/NAME/*.png         clips to score (default: test)
//   SET/labels.tsv                clip, frame from 0, 1 if anomalous; without it a frame is anomalous if its mask is
//   SET/FOLDER_masks/NAME/*.png   anomalous pixels, a mask for each frame; without masks pixels are not scored
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { chooseBackend, listClips, loadModel, openClip } from '../dist/src/index.js';
import { fitBaseline } from '../dist/src/anomaly/score-anomalies.js';
import { frameCosts } from '../dist/src/anomaly/frame-costs.js';
import { AnomalyScorer } from '../dist/src/anomaly/anomaly-scorer.js';
import { measureDetection } from '../dist/src/anomaly/detection-metrics.js';
import { tableText } from '../dist/src/document/blocks/table.js';
import { parseArguments, refuseArguments } from './arguments.mjs';

/** What users of published programs got on UCSD Ped2, from issues of GitHub, and whose scores were brought to 0..1. */
const reproduced = [
  {
    model: 'FUVAS in anomalib (claimed: 0.955, pixels 0.976)',
    values: { frames: { auroc: 0.774, f1: 0.903 }, pixels: { auroc: 0.972, f1: 0.41 } },
    scaled: 'all clips together',
    source: 'open-edge-platform/anomalib issue 3041',
  },
  {
    model: 'MemAE (claimed: 0.941)',
    values: { frames: { auroc: 0.85 } },
    scaled: 'each clip',
    source: 'lyn1874/memAE issue 4',
  },
  {
    model: 'MemAE (claimed: 0.941)',
    values: { frames: { auroc: 0.866 } },
    scaled: 'each clip',
    source: 'donggong1/memae-anomaly-detection issue 13, without clip 5',
  },
  {
    model: 'frame prediction, PSNR',
    values: { frames: { auroc: 0.78 } },
    scaled: 'not stated',
    source: 'nguyetn89/Anomaly_detection_ICCV2019 issue 1',
  },
  {
    model: 'the same with optical flow (claimed: 0.954)',
    values: { frames: { auroc: 0.915 } },
    scaled: 'not stated',
    source: 'nguyetn89/Anomaly_detection_ICCV2019 issue 1, PSNR of the flow',
  },
];

const { values, positionals } = parseArguments({
  positionals: [1, 1],
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
if (values.model === undefined) refuseArguments('expected --model, received none');
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
const hasLabels = existsSync(join(set, values.labels));
for (const line of hasLabels ? readFileSync(join(set, values.labels), 'utf8').trim().split('\n') : []) {
  const [clip, frame, label] = line.split('\t');
  isAnomalous.set(`${clip} ${Number(frame)}`, label === '1');
}
if (!hasLabels && !existsSync(join(set, `${values.test}_masks`))) {
  console.error(`${set}: neither ${values.labels} nor ${values.test}_masks; give one of them`);
  process.exit(1);
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
  // Frame 0 has nothing before it and no score, so that its mask is skipped.
  const folder = join(set, `${values.test}_masks`, name);
  const masks = existsSync(folder) ? readdirSync(folder).sort() : [];
  for (const { item, score, regionZScores } of scored) {
    clip.scores.push(score);
    const mask = masks[item.index] && (await readMask(join(folder, masks[item.index])));
    clip.labels.push(hasLabels ? (isAnomalous.get(`${name} ${item.index}`) ?? false) : Boolean(mask?.includes(1)));
    if (mask) {
      clip.pixels.labels.push(mask);
      clip.pixels.scores.push(spread(regionZScores, scorer.boxes));
    }
  }
  clips.push(clip);
  console.error(`${name}: ${clip.scores.length} frames`);
}

const concatenate = (lists, Type) => {
  const all = new Type(lists.reduce((sum, { length }) => sum + length, 0));
  lists.reduce((at, list) => (all.set(list, at), at + list.length), 0);
  return all;
};
const hasPixels = clips.some(({ pixels }) => pixels.labels.length > 0);
const pixels = clips.map(({ pixels: { scores, labels } }) => ({
  scores: concatenate(scores, Float32Array),
  labels: concatenate(labels, Uint8Array),
}));
const figures = ({ frames, pixels: ofPixels }) =>
  [frames?.auroc, frames?.f1, ...(hasPixels ? [ofPixels?.auroc, ofPixels?.f1] : [])].map((value) =>
    value === undefined ? '-' : value.toFixed(3),
  );
const measured = (what, scoresOf, ofPixels) =>
  [false, true].map((isScaled) => {
    const frames = measureDetection(
      clips.map((clip) => ({ scores: scoresOf(clip), labels: clip.labels })),
      isScaled,
    );
    return [
      what,
      ...figures({ frames, ...(ofPixels && { pixels: measureDetection(ofPixels, isScaled) }) }),
      isScaled ? 'each clip' : 'nothing',
      'measured here',
    ];
  });
const rows = [
  ...measured('surprise', ({ scores }) => scores, hasPixels ? pixels : undefined),
  ...measured('squared error of the last frame repeated', ({ errors }) => errors),
  ...measured('its largest 8x8 block', ({ blocks }) => blocks),
  ...reproduced.map(({ model: name, values: given, scaled, source }) => [name, ...figures(given), scaled, source]),
];
const titles = ['image AUROC', 'image F1', ...(hasPixels ? ['pixel AUROC', 'pixel F1'] : [])];
console.log(
  `${clips.flatMap(({ labels }) => labels).length} frames of ${clips.length} clips; F1 at its best threshold`,
);
console.log(
  tableText({
    align: `l${'r'.repeat(titles.length)}ll`,
    titles: ['score', ...titles, 'brought to 0..1', 'source'],
    rows,
  }),
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

/** Reads a mask at the size of the frames: 1 where anomalous. */
async function readMask(path) {
  const { data, info } = await sharp(path)
    .greyscale()
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Uint8Array.from({ length: width * height }, (_, at) => Number(data[at * info.channels] > 127));
}

/** Returns the score of each pixel: the highest z-score of the regions that it lies in. */
function spread(zScores, boxes) {
  const map = new Float32Array(width * height).fill(-Infinity);
  boxes.forEach((box, region) => {
    for (let y = box.y; y < box.y + box.height; y++)
      for (let x = box.x; x < box.x + box.width; x++)
        map[y * width + x] = Math.max(map[y * width + x], zScores[region]);
  });
  return map;
}
