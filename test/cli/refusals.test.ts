import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeClip } from '../../src/video/index.js';
import { frame } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import { movingSquare, tiny, tinyRunFolder } from './tiny-run.js';

const { here, at } = tinyRunFolder();

describe('what cannot be done ends with one line that says what was expected, what came, and what to do:', () => {
  beforeAll(async () => {
    mkdirSync(at('empty'));
    writeFileSync(at('text.txt'), 'neither a model nor a clip\n');
    writeFileSync(at('unknown-key.json'), JSON.stringify({ trainig: {}, data: { type: 'clips', frames: ['clips'] } }));
    const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8')) as Record<string, object>;
    const misspelt = { ...config, training: { ...config.training, batchh: 3 } };
    writeFileSync(at('misspelt.json'), JSON.stringify(misspelt));
    writeFileSync(at('not.json'), '{"model":');
    const large = frame(20, 12, 3, () => 9);
    const options = { frameRate: { numerator: 10, denominator: 1 } };
    await writeClip(at('mixed'), movingSquare(0, 2), options);
    await writeClip(at('large'), [large, large, large], options);
    writeFileSync(at('mixed', '00002.png'), readFileSync(at('large', '00002.png')));
  });

  const train = ['train', ...tiny, '--steps', '1', '--out', 'new'];
  const predict = ['predict', 'clips/clip-0', '--next', '1', '--model', 'run'];
  test.each([
    [2, [...train], /^pxv: train: --frames or --images: no training data; give video files or folders/],
    [
      2,
      ['train', '--frames', 'clips', '--size', '64'],
      /--size: expected width x height in pixels, received "64"; write it as/,
    ],
    [
      2,
      ['train', '--frames', 'clips', '--steps', '0'],
      /--steps: expected a whole number of 1 or more, received "0"; give/,
    ],
    [
      2,
      ['train', '--frames', 'clips', '--network', 'cnn'],
      /'cnn' is invalid\. Allowed choices are pixel-cnn, .*; see pxv train --help/,
    ],
    [
      2,
      ['train', '--frames', 'clips', '--stps', '3'],
      /unknown option '--stps' \(Did you mean --steps\?\); see pxv train --help/,
    ],
    [
      2,
      ['train', '--resume', '--out', 'run', '--batch', '5'],
      /--batch: expected no option that --resume brings with it, received both; leave out/,
    ],
    [
      2,
      [...train, '--frames', 'clips', '--accept-changed-data'],
      /--accept-changed-data: expected --resume beside it, received a new training.*; leave out/,
    ],
    [
      2,
      [...train, '--frames', 'clips', '--precision', 'bf16', '--instruction-set', 'wasm'],
      /choose precision: bf16: expected .* avx512 .*, received the kernels wasm; take --precision float32/,
    ],
    [
      2,
      ['train', '--config', 'none.json'],
      /none\.json: expected a JSON file .*, received no such file; check --config/,
    ],
    [2, ['train', '--config', 'not.json'], /not\.json: expected a JSON file .*, received .*JSON.*; check --config/],
    [2, ['train', '--config', 'unknown-key.json'], /unknown-key\.json: expected .*, received .*; /],
    [
      2,
      ['train', '--config', 'misspelt.json', '--out', 'new'],
      /received unknown key 'training\.batchh'; did you mean 'batch'\?/,
    ],
    [
      2,
      [...train, '--frames', 'clips', '--validate', 'clips/clip-1'],
      /--validate: expected clips that are not trained on, received .*clip-1.*; leave/,
    ],
    [
      1,
      [...train, '--frames', 'empty'],
      /look for clips: .*empty: expected .*, received a folder with 0 entries, and no clip in it; check the path/,
    ],
    [
      1,
      [...train, '--frames', 'nothing'],
      /look for clips: .*nothing: expected .*, received no such file; check the path/,
    ],
    [1, [...train, '--frames', 'mixed'], /mixed.*: expected .*16x12.*, received .*20x12.*; /],
    [
      1,
      [...train, '--frames', 'clips', '--out', 'run'],
      /run: expected a folder without a training in it, received .*; go on with it by --resume/,
    ],
    [
      1,
      [...train, '--frames', 'clips', '--out', 'text.txt/run'],
      /text\.txt\/run: expected a writable path, received .*; choose another folder/,
    ],
    [
      1,
      ['train', '--resume', '--out', 'empty'],
      /empty: expected a run folder with training\.safetensors, received a folder without it; check --out/,
    ],
    [
      2,
      [...train, '--frames', 'clips', '--shared', 'predicted'],
      /--shared: expected --scales beside it, received none; leave out/,
    ],
    [
      2,
      ['train', '--frames', 'clips', '--from', 'cifar', '--out', 'new'],
      /cifar: expected a model of video, for clips, received a model of images, for images; start from another model/,
    ],
    [
      2,
      ['train', '--images', 'clips/clip-0', '--from', 'run', '--out', 'new'],
      /run: expected a model of images, for images, received a model of video, for clips; start from another model/,
    ],
    [
      2,
      ['predict', '-', 'clips/clip-0', '--model', 'run'],
      /predict: -: expected standard input alone, received other clips beside it; predict it in a command of its own/,
    ],
    [
      2,
      ['eval-video', '-', '--model', 'run'],
      /eval-video: -: expected files or folders of clips, received standard input; write the input to a file first/,
    ],
    [
      2,
      ['sample', '--model', 'binarized-mnist-1x32', '--out', '-'],
      /: -: expected a name that ends in .*, received standard output, which only pxv predict writes to; choose/,
    ],
    [2, ['predict'], /missing required argument 'clip'; see pxv predict --help/],
    [2, [...predict, '--next', '0'], /--next: expected a whole number from 1 to 100000, received "0"; give/],
    [2, [...predict, '--temperature', '-1'], /--temperature: expected a number of at least 0, received "-1"; give/],
    [
      1,
      ['predict', 'nothing.mp4', '--model', 'run'],
      /nothing\.mp4: expected a video file, .*, received no such file; check/,
    ],
    [1, ['predict', 'text.txt', '--model', 'run'], /text\.txt: expected a video with .*, received .*; (?:give|check) /],
    [
      1,
      ['predict', 'empty', '--model', 'run'],
      /empty: expected a video file, .*, received a folder with 0 entries, and no clip in it; check/,
    ],
    [
      1,
      [...predict, '--model', 'nothing'],
      /find model: nothing: expected a run folder .*, received no such path or name; check the name, or train one/,
    ],
    [
      1,
      [...predict, '--model', 'text.txt'],
      /text\.txt: expected a complete safetensors file .*, received .*; use another checkpoint/,
    ],
    [
      1,
      [...predict, '--model', 'empty'],
      /empty: expected a run folder .*, received a folder without model\.safetensors; check/,
    ],
    [
      1,
      [...predict, '--out', 'text.txt/x.mp4'],
      /text\.txt\/x\.mp4: expected a writable path, received .*; choose another path/,
    ],
    [
      2,
      [...predict, '--out', 'future.avi'],
      /future\.avi: expected a name that ends in \.mp4, .*, received a name that ends in \.avi; choose/,
    ],
    [
      1,
      [...predict, '--out', 'out.mp4', '--from', '99'],
      /clip-0: expected at least 99 frames before --from, received 6 frames; give an earlier --from/,
    ],
    [2, [...predict, '--out', 'clips/clip-0', '--overwrite'], /clip-0: the output is the input; choose another --out/],
    [1, [...predict, '--out', 'clips/clip-1'], /clip-1: the folder holds 6 files; choose another --out, or replace it/],
    [2, ['eval-video'], /missing required argument 'path'; see pxv eval-video --help/],
    [
      1,
      ['eval-video', 'nothing', '--model', 'run'],
      /look for clips: .*nothing: expected .*, received no such file; check the path/,
    ],
  ] as [number, string[], RegExp][])('exit code %d: pxv %j', async (code, args, line) => {
    const before = readdirSync(here.cwd).sort();
    const outcome = await pxvInProcess(args, here);
    const lines = outcome.stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(line);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: '' });
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
    // Only a training that had begun to decode its clips has made its folder.
    expect(
      readdirSync(here.cwd)
        .sort()
        .filter((name) => name !== 'new'),
    ).toEqual(before.filter((name) => name !== 'new'));
  });
});
