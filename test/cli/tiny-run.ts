import { join } from 'node:path';
import type { Frame } from '../../src/foundation/frame.js';
import { writeClip } from '../../src/video/index.js';
import { frame, temporaryFolder } from '../video/made-clips.js';
import { pxvInProcess } from './in-process.js';
import type { Outcome } from './pxv.js';

/** The size of the clips, and of the model: frames come through as they are. */
export const size = { width: 16, height: 12 };

/** A square that moves to the right over a dark ground, one pixel a frame; each clip has its own. */
export function movingSquare(clip: number, frames: number): Frame[] {
  return Array.from({ length: frames }, (_, t) =>
    frame(size.width, size.height, 3, (x, y, c) => {
      const inside = x >= t + clip && x < t + clip + 3 && y >= 4 && y < 7;
      return inside ? 200 + 10 * c : 40 + 3 * clip;
    }),
  );
}

/** Makes `clips/clip-0`, ... in a folder: six frames each, as PNG files. */
export async function makeClips(folder: string, clips: number): Promise<void> {
  for (let clip = 0; clip < clips; clip++) {
    const options = { frameRate: { numerator: 10, denominator: 1 } };
    await writeClip(join(folder, 'clips', `clip-${clip}`), movingSquare(clip, 6), options);
  }
}

/** Options of a training of some seconds. */
export const tiny = ['--hidden', '6', '--layers', '1', '--size', '16x12', '--batch', '2'];

/** Trains `run` on the clips of a folder, for three steps. */
export async function trainTinyRun(folder: string, pxv: typeof pxvInProcess): Promise<Outcome> {
  return pxv(['train', '--frames', 'clips', '--out', 'run', ...tiny, '--steps', '3', '--json'], { cwd: folder });
}

/**
 * A folder with three clips and the run `run`, made before the first test and removed after the last: `here` are the
 * options of a command that runs there, `at` gives a path in it.
 */
export function tinyRunFolder() {
  const folder = temporaryFolder();
  afterAll(folder.remove);
  beforeAll(async () => {
    await makeClips(folder.path, 3);
    await trainTinyRun(folder.path, pxvInProcess);
  }, 120_000);
  return { here: { cwd: folder.path }, at: (...parts: string[]) => join(folder.path, ...parts) };
}

/** The JSON object on the last line of stdout. */
export function jsonOf({ stdout }: Outcome): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}
