import { join } from 'node:path';
import type { Frame } from '../../../src/foundation/frame.js';
import { writeClip } from '../../../src/video/index.js';
import { randomModel, tinyNetwork } from '../../model/tiny-networks.js';
import { frame, lossless, makeClip } from '../../video/made-clips.js';

/** A model of frames of 5x7 pixels in colour, with random weights, that is given two frames. */
export const model = randomModel([tinyNetwork()]);
const { size, channels } = model.chain.exampleShape;

/** Frames at the model's size: a slope that moves. */
export function slope(count: number): Frame[] {
  return Array.from({ length: count }, (_, t) =>
    frame(size.width, size.height, channels, (x, y, c) => 10 * (x + y + c + t)),
  );
}

/** Writes a clip of so many frames as a folder of PNG files, named in `folder`. */
export async function pngClip(folder: string, name: string, frames: number): Promise<string> {
  const path = join(folder, name);
  await writeClip(path, slope(frames), { frameRate: { numerator: 10, denominator: 1 } });
  return path;
}

/** Writes a clip of so many frames as a film of 10 a second, which keeps every level. */
export function filmClip(folder: string, name: string, frames: number): string {
  return makeClip(join(folder, name), slope(frames), ...lossless, '-pix_fmt', 'bgr0');
}
