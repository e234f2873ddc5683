import { Command } from 'commander';
import { z } from 'zod';
import { pluralize } from '../src/foundation/pluralize.js';
import { withFlag, overwrite } from '../src/foundation/option-fields.js';
import { startBackend } from './start-backend.js';
import { addAction, computing, type Action } from './options.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { outputStem } from './output-stem.js';

const { threads, instructionSet } = computing;
const flags = {
  out: withFlag(
    z.string().optional(),
    'path',
    'folder of PNG files, .mkv (FFV1) or .npy, which are exact, or .mp4, .webm, .gif, .png ' +
      '(default: <file>-frames)',
  ),
  model: withFlag(z.string().optional(), 'run|name', 'model of the encoder, if it is not a shipped one'),
  overwrite,
  threads,
  instructionSet,
};

/** Returns the `decode` command, which restores the frames of an encoded file. */
export function createCommand(): Command {
  const decode = new Command('decode')
    .description('decode a file of pxv encode to the same frames')
    .argument('<file>', 'file that pxv encode wrote')
    .addHelpText('after', EXAMPLES);
  return addAction(decode, flags, read);
}

const EXAMPLES = `
Examples:
  $ pxv decode clip.pxv                    writes clip-frames/00000.png, ...
  $ pxv decode clip.pxv --out clip.mkv     the same frames as a video, without loss
  $ pxv decode clip.pxv --out clip.mp4     a video, which H.264 changes a little
  $ pxv decode clip.pxv --model runs/mine  written by a model of your own`;

const read: Action<typeof flags, [string]> = async ({ signal, progress }, file, options) => {
  const { readCodedHeader, decodeFile } = await import('../src/commands/codec/decode-file.js');
  const { folderPath } = await import('../src/video/index.js');
  // A file that was written without fused multiply-add is decoded by WebAssembly, which rounds alike everywhere.
  const { arithmetic } = await readCodedHeader(file);
  const set = options.instructionSet ?? (arithmetic === 'separate' ? 'wasm' : undefined);
  const chosen = await startBackend({ ...options, instructionSet: set }, progress);
  const started = performance.now();
  const { path, frames, isStillImages, lost, ...others } = await decodeFile(file, {
    out: options.out ?? folderPath(`${outputStem(file)}-frames`),
    overwrite: options.overwrite,
    signal,
    ...(options.model !== undefined && { model: options.model }),
    onFrame: (done) => progress.show({ label: 'decode', done, total: null, unit: 'frames' }),
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    text: [
      toOneLine(`${path}: ${pluralize(frames, isStillImages ? 'image' : 'frame')} in ${seconds.toFixed(1)} s`),
      ...lost.map(({ from, to }) =>
        toOneLine(
          `${file} is damaged: ` +
            `${to === null ? `what comes after ${pluralize(from, 'frame')}` : `frames ${from} to ${to}`} are lost`,
        ),
      ),
    ],
    json: { output: path, seconds, frames, isStillImages, lost, ...others, ...chosen },
    failed: lost.length > 0,
  };
};
