import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channels, Frame } from '../../src/foundation/frame.js';
import { openClip, type ClipOptions } from '../../src/video/clip-reader.js';
import { findFfmpeg } from '../../src/video/ffmpeg-binary.js';

/** A folder for one test file, removed by `remove`. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'pxv-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const { path, version } = await findFfmpeg();

/** The FFmpeg programs of this machine, by name: the one found first, and the old one that is an npm package. */
export function ffmpegPrograms(): [string, string][] {
  const programs: [string, string][] = [[`FFmpeg ${version}`, path]];
  try {
    const installed = (createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string }).path;
    if (installed !== path && existsSync(installed)) programs.push(['the FFmpeg of @ffmpeg-installer', installed]);
  } catch {
    // Not installed: one program is tested.
  }
  return programs;
}

/** In a group of tests: lets them use this FFmpeg program, and what was to be used before is again after them. */
export function useFfmpeg(program: string): void {
  const { PXV_FFMPEG } = process.env;
  beforeAll(() => {
    process.env.PXV_FFMPEG = program;
  });
  afterAll(() => {
    if (PXV_FFMPEG === undefined) delete process.env.PXV_FFMPEG;
    else process.env.PXV_FFMPEG = PXV_FFMPEG;
  });
}

/** Makes a clip by running FFmpeg; `frames` go in as raw video at 10 per second. */
export function makeClip(path: string, frames: readonly Frame[], ...options: string[]): string {
  const [{ width, height, channels }] = frames as [Frame];
  const raw = ['-f', 'rawvideo', '-pixel_format', channels === 1 ? 'gray' : 'rgb24'];
  const size = ['-video_size', `${width}x${height}`, '-framerate', '10', '-i', 'pipe:0'];
  ffmpeg([...raw, ...size, ...options, `file:${path}`], Buffer.concat(frames.map((frame) => frame.data)));
  return path;
}

export function ffmpeg(args: readonly string[], input?: Buffer): void {
  const { status, stderr } = spawnSync(process.env.PXV_FFMPEG ?? path, ['-v', 'error', '-y', ...args], {
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${stderr}`);
}

/** Lossless for what `makeClip` takes. */
export const lossless = ['-c:v', 'ffv1'];

export function frame(
  width: number,
  height: number,
  channels: 1 | 3,
  value: (x: number, y: number, c: number) => number,
): Frame {
  const data = new Uint8Array(width * height * channels);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / channels);
    data[at] = value(pixel % width, Math.floor(pixel / width), at % channels);
  }
  return { width, height, channels, data };
}

/** That of the middle of a frame. */
export const level = (frame: Frame) => frame.data[frame.data.length >> 1];

/** Frames of one level each: 10, 20, 30, ... */
export function staircase(count: number, width = 16, height = 12, channels: 1 | 3 = 1): Frame[] {
  return Array.from({ length: count }, (_, index) => frame(width, height, channels, () => 10 * (index + 1)));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function meanAbsoluteError(a: Frame, b: Frame): number {
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) sum += Math.abs(a.data[at] - b.data[at]);
  return sum / a.data.length;
}

/** FFmpeg processes that this process started and that are still there; known on Linux only, elsewhere none. */
export function livingFfmpegs(): string[] {
  if (!existsSync('/proc/self/stat')) return [];
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => {
    try {
      // pid (name) state parent ...
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return name.startsWith('ffmpeg') && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}

/** How a clip is read: at this size, in so many channels. */
export const as = (
  width: number,
  height: number,
  channels: Channels,
  more: Partial<ClipOptions> = {},
): ClipOptions => ({
  size: { width, height },
  channels,
  ...more,
});

/** All frames of a clip. */
export async function read(path: string, options: ClipOptions): Promise<Frame[]> {
  return collect((await openClip(path, options)).frames());
}
