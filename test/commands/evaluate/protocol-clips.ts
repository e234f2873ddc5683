import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Channels, Frame } from '../../../src/foundation/frame.js';
import { frame } from '../../video/made-clips.js';

/** Frames of a bright square that moves to the right, on a ground of its own. */
export function squares(count: number, clip: number, size = 64, channels: Channels = 3): Frame[] {
  return Array.from({ length: count }, (_, t) =>
    frame(size, size, channels, (x, y, c) => {
      const left = (2 * t + 9 * clip) % (size - 8);
      return x >= left && x < left + 8 && y >= 20 && y < 28 ? 220 : 30 + 5 * clip + c;
    }),
  );
}

/** Frames in which red, green and blue are equal, as in a converted clip in grey. */
export const inGrey = (frames: Frame[]) =>
  frames.map((one) => ({ ...one, data: one.data.map((_, at) => one.data[3 * Math.floor(at / 3)]) }));

/** Writes frames as PNG files in a folder, named by `name`. */
export async function writeImages(folder: string, frames: readonly Frame[], name: (t: number) => string) {
  mkdirSync(folder, { recursive: true });
  for (const [t, { width, height, channels, data }] of frames.entries())
    await sharp(data, { raw: { width, height, channels } })
      .png()
      .toFile(join(folder, name(t)));
}

/** Writes a clip as SVG's data/convert_kth.lua lays it out. */
export function writeKthClip(root: string, person: string, frames: readonly Frame[], action = 'walking') {
  const name = (t: number) => `image-${String(t + 1).padStart(3, '0')}_${frames[t].width}x${frames[t].height}.png`;
  return writeImages(join(root, 'processed', action, `${person}_${action}_d1`), frames, name);
}

/** Writes a clip as SVG's data/convert_bair.py lays it out. */
export function writeBairClip(root: string, split: string, number: number, frames: readonly Frame[]) {
  return writeImages(join(root, 'processed_data', split, 'traj_0_to_255', String(number)), frames, (t) => `${t}.png`);
}
