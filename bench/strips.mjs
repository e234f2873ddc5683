// Makes strips for a blind test: which of two rows is real? Each image has two rows of nine frames, the last known one
// and the eight after it: the true ones and one sample, in random order. Strips of all models are mixed. A judge sees
// the images alone.
//
// usage: node bench/strips.mjs CLIPS OUT [--model NAME]... [--seed 1]
//   CLIPS          folder of the eight clips that models/README.md keeps out; two places of each are drawn from
//   --model        a model to draw from, again for more (default: video-64)
//   OUT/NN.png     a strip
//   OUT.key.tsv    strip, real row, model, clip and first predicted frame
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import sharp from 'sharp';
import { chooseBackend, FrameHistory, FrameSampler, loadModel, openClip, rollOut } from '../dist/src/index.js';
import { parseArguments } from './arguments.mjs';

const { values, positionals } = parseArguments({
  positionals: [2, 2],
  options: { model: { type: 'string', multiple: true, default: ['video-64'] }, seed: { type: 'string', default: '1' } },
});
const [clips, out] = positionals;
const names = ['asl_walk', 'asl_yes', 'toy_rabbit_320', 'lego_robot', 'chaplin_gray', 'bear_vp9', 'cups', 'gym_pusher'];
/** Known frames before each strip, as fractions of a clip's frames. */
const places = [0.3, 0.7];
const predicted = 8;
const scale = 2;
const gap = 4;
const files = names.map((name) => readdirSync(clips).find((file) => parse(file).name === name));
if (files.includes(undefined)) throw new Error(`${clips}: no clip ${names[files.indexOf(undefined)]}`);

await chooseBackend();
const strips = [];
for (const model of values.model) {
  const loaded = loadModel(model);
  const { exampleShape: shape } = loaded.chain;
  const sampler = new FrameSampler(loaded);
  for (const file of files) {
    const clip = await openClip(join(clips, file), { size: shape.size, channels: shape.channels, fit: 'crop' });
    const frames = [];
    for await (const { data } of clip.frames()) frames.push(data.slice());
    for (const place of places) {
      const known = Math.floor(place * (frames.length - predicted));
      const history = new FrameHistory(shape);
      for (const frame of frames.slice(0, known)) history.push(frame);
      const drawn = [frames[known - 1]];
      for await (const [{ bytes }] of rollOut(sampler, history, { samples: 1, seed: Number(values.seed) })) {
        drawn.push(bytes.slice());
        if (drawn.length > predicted) break;
      }
      const rows = [frames.slice(known - 1, known + predicted), drawn];
      strips.push({ size: shape.size, rows, facts: [model, file, known] });
    }
  }
  sampler.dispose();
}

const hash = ({ facts }) =>
  createHash('sha256')
    .update(`${values.seed} ${facts.join(' ')}`)
    .digest();
const shuffled = strips.map((strip) => ({ ...strip, hash: hash(strip) })).sort((a, b) => a.hash.compare(b.hash));
mkdirSync(out);
const key = ['strip\treal\tmodel\tclip\tframe'];
for (const [index, { size, rows, facts, hash: random }] of shuffled.entries()) {
  const isTrueAbove = random[31] < 128;
  const name = `${String(index).padStart(2, '0')}.png`;
  await writeStrip(join(out, name), size, isTrueAbove ? rows : rows.toReversed());
  key.push([name, isTrueAbove ? 'above' : 'below', ...facts].join('\t'));
}
writeFileSync(`${out}.key.tsv`, `${key.join('\n')}\n`);
process.exit();

/** Writes rows of frames of RGB bytes as one enlarged PNG image. */
async function writeStrip(path, { width, height }, rows) {
  const tall = scale * height;
  const wide = scale * width;
  const frames = rows.flatMap((row, below) => row.map((data, at) => ({ data, top: below * (tall + 6 * gap), at })));
  const parts = frames.map(async ({ data, top, at }) => {
    const image = sharp(data, { raw: { width, height, channels: 3 } }).resize(wide, tall, { kernel: 'nearest' });
    return { input: await image.png().toBuffer(), top, left: at * (wide + gap) };
  });
  const size = { width: rows[0].length * (wide + gap) - gap, height: 2 * tall + 6 * gap };
  const sheet = sharp({ create: { ...size, channels: 3, background: 'grey' } });
  await sheet
    .composite(await Promise.all(parts))
    .png()
    .toFile(path);
}
