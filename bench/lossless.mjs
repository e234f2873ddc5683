// Sizes of the same frames by pxv encode and by lossless codecs of video and of images, and the seconds that they take: the table of
// docs/results.md. Each codec's frames are decoded and compared with what it was given.
//
// usage: node bench/lossless.mjs CLIP... [--model NAME] [--size 64x64] [--threads N] [--json FILE]
//   Of a codec the bytes of its packets count, of pxv those of its file: headers, checks and key frames too.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { chooseBackend, decodeFile, encodeClip, loadModel, openClip } from '../dist/src/index.js';
import { modelFile } from '../dist/src/model/checkpoint.js';
import { findFfmpeg } from '../dist/src/video/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'video-64-small' },
    size: { type: 'string', default: '64x64' },
    threads: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});
const [width, height] = values.size.split('x').map(Number);
const size = { width, height };
const { path: ffmpeg } = await findFfmpeg();
await chooseBackend({ threads: Number(values.threads) });
const model = loadModel(values.model);
const folder = mkdtempSync(join(tmpdir(), 'pxv-lossless-'));

/** What FFmpeg is told: no codec may use what another frame than one before it shows, but for its own defaults. */
const videoCodecs = {
  x264: ['-c:v', 'libx264rgb', '-pix_fmt', 'rgb24', '-preset', 'veryslow', '-qp', '0', '-g', '999999'],
  x265: [
    '-c:v',
    'libx265',
    '-pix_fmt',
    'gbrp',
    '-preset',
    'slow',
    '-x265-params',
    'lossless=1:ctu=32:keyint=-1:bframes=0:log-level=error',
  ],
  ffv1: [
    '-c:v',
    'ffv1',
    '-pix_fmt',
    'bgr0',
    '-level',
    '3',
    '-coder',
    '1',
    '-context',
    '1',
    '-g',
    '999999',
    '-slices',
    '1',
  ],
  av1: ['-c:v', 'libaom-av1', '-pix_fmt', 'gbrp', '-cpu-used', '4', '-aom-params', 'lossless=1:kf-max-dist=9999'],
};
const imageCodecs = {
  png: (picture) => picture.png({ compressionLevel: 9, palette: false }),
  webp: (picture) => picture.webp({ lossless: true, effort: 6 }),
};

const rows = [];
for (const path of positionals) {
  const clip = await openClip(path, { size, channels: 3 });
  const frames = [];
  for await (const { data } of clip.frames()) frames.push(Buffer.from(data));
  const row = { clip: basename(path).replace(/\.\w+$/, ''), frames: frames.length, bytes: {}, seconds: {}, wrong: [] };

  for (const [name, asked] of Object.entries({ pxv: {}, 'pxv, one key frame': { keyEvery: 1_000_000 } })) {
    const file = join(folder, 'clip.pxv');
    let began = performance.now();
    const found = await encodeClip(model, path, { size, out: file, overwrite: true, ...asked });
    row.bytes[name] = found.bytes;
    row.seconds[name] = (performance.now() - began) / 1000;
    row.keyBytes ??= found.keys.bytes;
    if (name !== 'pxv') continue;
    began = performance.now();
    const out = join(folder, 'frames');
    await decodeFile(file, { out, overwrite: true });
    row.seconds['pxv, decoding'] = (performance.now() - began) / 1000;
    const read = await openClip(out, { size, channels: 3 });
    let at = 0;
    for await (const { data } of read.frames()) if (!frames[at++]?.equals(data)) row.wrong.push(name);
  }
  const raw = Buffer.concat(frames);
  for (const [name, options] of Object.entries(videoCodecs)) {
    const file = join(folder, `${name}.mkv`);
    const began = performance.now();
    const given = [
      '-f',
      'rawvideo',
      '-pixel_format',
      'rgb24',
      '-video_size',
      values.size,
      '-framerate',
      '25',
      '-i',
      '-',
    ];
    const { status } = spawnSync(ffmpeg, ['-v', 'error', '-y', ...given, ...options, file], { input: raw });
    row.seconds[name] = (performance.now() - began) / 1000;
    const output = (args) =>
      spawnSync(ffmpeg, ['-v', 'error', '-i', file, ...args, '-'], { maxBuffer: 2 ** 30 }).stdout;
    const isSame = status === 0 && output(['-pix_fmt', 'rgb24', '-f', 'rawvideo']).equals(raw);
    row.bytes[name] = isSame ? packetBytes(output(['-c', 'copy', '-f', 'framecrc']).toString()) : null;
  }
  for (const [name, encode] of Object.entries(imageCodecs)) {
    const began = performance.now();
    let bytes = 0;
    for (const data of frames)
      bytes += (await encode(sharp(data, { raw: { ...size, channels: 3 } })).toBuffer()).length;
    row.bytes[name] = bytes;
    row.seconds[name] = (performance.now() - began) / 1000;
  }
  rows.push(row);
  const smallest = Math.min(...Object.keys(videoCodecs).flatMap((name) => row.bytes[name] ?? []));
  row.smaller = 1 - row.bytes.pxv / smallest;
  console.log(
    row.clip,
    row.frames,
    JSON.stringify(row.bytes),
    `${(100 * row.smaller).toFixed(1)}% smaller`,
    row.wrong.join(),
  );
}
const long = rows.filter(({ frames }) => frames >= 200);
const sum = (of) => long.reduce((total, row) => total + of(row), 0);
const smallestOf = ({ bytes }) => Math.min(...Object.keys(videoCodecs).flatMap((name) => bytes[name] ?? []));
const together = long.length === 0 ? null : 1 - sum(({ bytes }) => bytes.pxv) / sum(smallestOf);
const modelBytes = statSync(modelFile(values.model)).size;
console.log(
  'clips of 200 frames or more, together:',
  together && `${(100 * together).toFixed(1)}% smaller`,
  'model:',
  modelBytes,
);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ model: values.model, size: values.size, modelBytes, together, rows }, null, 1)}\n`,
  );
rmSync(folder, { recursive: true });
process.exit();

/** framecrc writes a line a packet: stream, times of decoding and showing, duration, size, checksum. */
function packetBytes(report) {
  return [...report.matchAll(/^0,\s*-?\d+,\s*-?\d+,\s*\d+,\s*(\d+),/gm)].reduce(
    (total, [, bytes]) => total + Number(bytes),
    0,
  );
}
