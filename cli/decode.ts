import { Command } from 'commander';
import { z } from 'zod';
import { numberOf } from '../src/foundation/number-of.js';
import { asked, overwrite, type Parsed } from '../src/options/fields.js';
import { startComputing } from './computing.js';
import { addAction, computing } from './options.js';
import { oneLine } from '../src/foundation/printable.js';
import type { Report, Work } from './action.js';
import { stemOf } from './stem.js';

const { threads, instructionSet } = computing;
const flags = {
  out: asked(
    z.string().optional(),
    'path',
    'a folder for PNG files, which are exact, or .mp4, .webm, .gif, .png to look at (default: <file>-frames)',
  ),
  model: asked(z.string().optional(), 'run|name', 'the model that wrote it, where it is none of the shipped ones'),
  overwrite,
  ...{ threads, instructionSet },
};

export function command(): Command {
  const decode = new Command('decode')
    .description('read a file of pxv encode: the very frames that were written')
    .argument('<file>', 'what pxv encode wrote')
    .addHelpText('after', EXAMPLES);
  return addAction(decode, flags, read);
}

const EXAMPLES = `
Examples:
  $ pxv decode clip.pxv                    writes clip-frames/00000.png, ...
  $ pxv decode clip.pxv --out clip.mp4     a film to look at, which H.264 changes a little
  $ pxv decode clip.pxv --model runs/mine  written by a model of your own`;

async function read({ signal, progress }: Work, file: string, options: Parsed<typeof flags>): Promise<Report> {
  const { codedHeader, decodeFile } = await import('../src/codec/decode-file.js');
  // Only machines without vectors that fuse, and WebAssembly everywhere, round as the one that wrote it.
  const { arithmetic } = await codedHeader(file);
  const set = options.instructionSet ?? (arithmetic === 'separate' ? 'wasm' : undefined);
  const chosen = await startComputing({ ...options, instructionSet: set }, progress);
  const started = performance.now();
  const { path, frames, areImages, lost, ...others } = await decodeFile(file, {
    ...{ out: options.out ?? `${stemOf(file)}-frames`, overwrite: options.overwrite, signal },
    ...(options.model !== undefined && { model: options.model }),
    onFrame: (done) => progress.show({ label: 'decode', done, total: null, unit: 'frames' }),
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    text: [
      oneLine(`${path}: ${numberOf(frames, areImages ? 'image' : 'frame')} in ${seconds.toFixed(1)} s`),
      ...lost.map(({ from, to }) =>
        oneLine(
          `${file} is damaged: ${to === null ? `what comes after ${numberOf(from, 'frame')}` : `frames ${from} to ${to}`} are lost`,
        ),
      ),
    ],
    json: { output: path, seconds, frames, areImages, lost, ...others, ...chosen },
    failed: lost.length > 0,
  };
}
