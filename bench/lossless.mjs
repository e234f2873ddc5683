// Codes the same frames by pxv encode and by lossless codecs of video and of images, and prints the tables of
// docs/results.md: bytes, and seconds of processor time. Each output is decoded and compared with its input.
//
// usage: node bench/lossless.mjs CLIP... [--model NAME] [--threads N] [--json FILE]
//        node bench/lossless.mjs --images SET [--data FOLDER] [--limit N] ...    test images, each by itself
// Of a video codec the bytes of its packets count, of pictures those of their files, of pxv its file, with headers,
// checks and key frames. Seconds are those of processors, in user mode and in the system, which other programs disturb
// less than the clock. With --encode-only what pxv has written is not read again, which takes twice as long as to write
// it. With --json each row is kept as soon as it is there, and a second call leaves out the clips that are in the file.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { openForEvaluation } from '../dist/datasets/open-for-evaluation.js';
import { chooseBackend, decodeFile, encodeClip, loadModel, openClip } from '../dist/src/index.js';
import { resolveModelFile } from '../dist/src/model/checkpoint.js';
import { spaceIndices } from '../dist/src/commands/evaluate/space-indices.js';
import { rawInput, startFfmpeg } from '../dist/src/video/ffmpeg-run.js';
import { parseArguments, refuseArguments } from './arguments.mjs';

const { values, positionals } = parseArguments({
  positionals: [0, Infinity],
  options: {
    images: { type: 'string' },
    data: { type: 'string' },
    limit: { type: 'string', default: '1000' },
    model: { type: 'string' },
    threads: { type: 'string', default: '1' },
    json: { type: 'string' },
    'encode-only': { type: 'boolean', default: false },
  },
});

if (values.images === undefined && positionals.length === 0) refuseArguments('expected a CLIP, or --images SET');

/** Arguments of FFmpeg and the files that it writes. Videos have one key frame. */
const codecs = {
  x264: ['film.mkv', '-c:v libx264rgb -pix_fmt rgb24 -preset veryslow -qp 0 -g 999999'],
  x265: [
    'film.mkv',
    '-c:v libx265 -pix_fmt gbrp -preset slow -x265-params lossless=1:ctu=32:keyint=-1:bframes=0:log-level=error',
  ],
  FFV1: ['film.mkv', '-c:v ffv1 -pix_fmt bgr0 -level 3 -coder 1 -context 1 -g 999999 -slices 1'],
  // Frames that libaom filters for others to refer to may be shown as they are, and are then other frames.
  AV1: ['film.mkv', '-c:v libaom-av1 -pix_fmt gbrp -cpu-used 4 -crf 0 -g 9999 -arnr-max-frames 0'],
  PNG: ['%06d.png', '-c:v png -pred mixed -compression_level 9'],
  WebP: ['%06d.webp', '-c:v libwebp -pix_fmt bgra -lossless 1 -compression_level 6'],
  'JPEG XL': ['%06d.jxl', '-c:v libjxl -distance 0 -effort 9'],
};
const isFilm = (name) => codecs[name][0] === 'film.mkv';
const named = Object.keys(codecs).filter((name) => values.images === undefined || !isFilm(name));

const modelName = values.model ?? (values.images === undefined ? 'video-64' : 'cifar');
await chooseBackend({ threads: Number(values.threads) });
const model = loadModel(modelName);
const folder = mkdtempSync(join(tmpdir(), 'pxv-lossless-'));
const rows = values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json)).rows : [];

for (const path of values.images === undefined ? positionals : [await folderOf(values.images)]) {
  const clip = basename(path).replace(/\.\w+$/, '');
  if (rows.some((row) => row.clip === clip)) continue;
  const row = { clip, ...(await byPxv(path)) };
  for (const name of named) Object.assign(row.codecs, { [name]: await byCodec(name, row) });
  delete row.raw;
  rows.push(row);
  console.error(clip, JSON.stringify(row));
  const modelBytes = statSync(resolveModelFile(modelName)).size;
  const kept = { model: modelName, modelBytes, threads: Number(values.threads), rows };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(kept, null, 1)}\n`);
}
printTables();
rmSync(folder, { recursive: true });
process.exit();

/** Returns the bytes and seconds of `pxv encode` with its defaults, and the frames of the clip. */
async function byPxv(path) {
  const file = join(folder, 'clip.pxv');
  const out = join(folder, 'frames');
  const [{ frames, keyFrames, width, height, bytes, bitsPerDim, modelBitsPerDim }, seconds] = await timed(() =>
    encodeClip(model, path, { out: file, overwrite: true }),
  );
  const found = {
    frames,
    keyFrames,
    width,
    height,
    bitsPerDim,
    modelBitsPerDim,
    raw: await bytesOf(path, { width, height }),
  };
  if (values['encode-only']) return { ...found, codecs: { pxv: { bytes, seconds } } };
  const [, decodeSeconds] = await timed(() => decodeFile(file, { out, overwrite: true }));
  const isSame = found.raw.equals(await bytesOf(out, { width, height }));
  const pxv = isSame ? { bytes, seconds, decodeSeconds } : { failure: 'other frames' };
  return { ...found, codecs: { pxv } };
}

async function bytesOf(path, size) {
  const frames = [];
  for await (const { data } of (await openClip(path, { size, channels: 3, fit: 'stretch' })).frames())
    frames.push(data);
  return Buffer.concat(frames);
}

async function timed(work) {
  const began = process.cpuUsage();
  const found = await work();
  const { user, system } = process.cpuUsage(began);
  return [found, (user + system) / 1e6];
}

async function byCodec(name, { width, height, raw }) {
  const [files, options] = codecs[name];
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const path = join(place, files);
  const inputOptions = rawInput({ width, height, channels: 3 }, { numerator: 25, denominator: 1 });
  const given = { input: Readable.from([raw]), inputOptions };
  const encoding = await run({ ...given, outputOptions: options.split(' '), outputPath: path });
  const decoding = await run({ input: path, outputOptions: ['-pix_fmt', 'rgb24', '-f', 'rawvideo'] });
  const packets = (await run({ input: path, outputOptions: ['-c', 'copy', '-f', 'framecrc'] })).output.toString();
  rmSync(place, { recursive: true });
  if (encoding.failure !== null) return { failure: encoding.failure };
  if (!decoding.output.equals(raw)) return { failure: 'other frames' };
  // A line a packet: stream, times of decoding and showing, duration, size, checksum.
  const sizes = [...packets.matchAll(/^0,\s*-?\d+,\s*-?\d+,\s*\d+,\s*(\d+),/gm)].map(([, size]) => Number(size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return { bytes, seconds: encoding.seconds, decodeSeconds: decoding.seconds };
}

async function run({ inputOptions = [], ...options }) {
  let seconds = NaN;
  const onLine = (line) => {
    const [, user, system] = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(line) ?? [];
    if (user !== undefined) seconds = Number(user) + Number(system);
  };
  const { output, finished } = await startFfmpeg({ ...options, inputOptions: ['-benchmark', ...inputOptions], onLine });
  const written = options.outputPath === undefined ? await buffer(output) : null;
  const { failure } = await finished;
  return { output: written, seconds, failure };
}

/** Test images of a set, evenly spread, as pictures in a folder. */
async function folderOf(set) {
  const images = await openForEvaluation(set, 'test', { data: values.data });
  const place = join(folder, set);
  mkdirSync(place);
  const { width, height, channels } = images;
  const data = new Uint8Array(width * height * channels);
  for (const [at, index] of spaceIndices(images.count, Math.min(Number(values.limit), images.count)).entries()) {
    images.read(index, data);
    await sharp(data, { raw: { width, height, channels } }).toFile(join(place, `${at}.png`));
  }
  return place;
}

function printTables() {
  const all = ['pxv', ...named];
  const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
  const kilobytes = (bytes) => (bytes === undefined ? '' : (bytes / 1000).toFixed(bytes < 1e5 ? 1 : 0));
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const rivals = named.filter((name) => values.images !== undefined || isFilm(name));
  const smallest = ({ codecs: of }) => Math.min(...rivals.flatMap((name) => of[name].bytes ?? []));
  const modelBytes = statSync(resolveModelFile(modelName)).size;

  line(['kB', 'frames', ...all, 'smaller by', 'key frames', 'pays after']);
  line(['---', ...all.map(() => '--:'), '--:', '--:', '--:', '--:']);
  for (const row of rows) {
    const { frames, keyFrames, codecs: of } = row;
    const saved = smallest(row) - of.pxv.bytes;
    const sizes = all.map((name) => kilobytes(of[name].bytes));
    const pays = `${Math.ceil((modelBytes * frames) / saved)}`;
    line([row.clip, frames, ...sizes, percent(saved / smallest(row)), kilobytes(keyFrames.bytes), pays]);
  }
  const sum = (of, from = rows) => from.reduce((total, row) => total + of(row), 0);
  const rate = (time) => (name) => {
    const right = rows.filter(({ codecs: of }) => of[name][time] !== undefined);
    const seconds = sum(({ codecs: of }) => of[name][time], right);
    return Number((sum(({ frames }) => frames, right) / seconds).toPrecision(2));
  };
  console.log('frames a second of one processor:');
  line(['', ...all]);
  line(['---', ...all.map(() => '--:')]);
  line(['encoding', ...all.map(rate('seconds'))]);
  line(['decoding', ...all.map(rate('decodeSeconds'))]);
  const long = rows.filter(({ frames }) => frames >= 200);
  const together = 1 - sum(({ codecs: of }) => of.pxv.bytes, long) / sum(smallest, long);
  console.log(`rows of 200 frames or more, together: ${percent(together)} smaller; the model: ${modelBytes} bytes`);
  for (const { clip, codecs: of } of rows)
    for (const name of all) if (of[name].failure !== undefined) console.log(clip, name, of[name].failure);
}
