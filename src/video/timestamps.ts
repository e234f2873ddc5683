import type { FrameRate } from '../frame-rate.js';
import { readOutput, startFfmpeg } from './ffmpeg-run.js';
import { frameRateBetween } from './frame-rate.js';

/** The pictures of a file. */
interface Pictures {
  count: number;
  /** Null where they have not two different times. */
  timing: Timing | null;
}

/** When the pictures of a file are shown. */
export interface Timing {
  frameRate: FrameRate;
  /** From the first picture to the last, in seconds. */
  span: number;
  /** Whether some pictures are shown more than twice as long as others, the last aside. */
  isUneven: boolean;
}

/**
 * Reads the timestamps of all pictures, without decoding them, and derives their average rate.
 *
 * @throws {PxvError} INTERRUPTED where `signal` is aborted.
 */
export async function scanTimestamps(path: string, signal?: AbortSignal): Promise<Pictures> {
  const run = startFfmpeg({
    input: path,
    inputOptions: [],
    outputOptions: ['-map', '0:V:0', '-c', 'copy', '-f', 'framecrc'],
  });
  let tick = 1;
  const times: number[] = [];
  let partial = '';
  for await (const chunk of readOutput(run, path, signal)) {
    const lines = (partial + Buffer.from(chunk).toString('latin1')).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) {
      const base = /^#tb 0: (\d+)\/(\d+)/.exec(line);
      if (base) tick = Number(base[1]) / Number(base[2]);
      // stream, decoding time, presentation time, duration, ...
      const time = /^0, *-?\d+, *(-?\d+),/.exec(line)?.[1];
      if (time === undefined) continue;
      times.push(Number(time));
    }
  }
  times.sort((a, b) => a - b);
  const pictures = times.length;
  const ticks = times[pictures - 1] - times[0];
  if (pictures < 2 || ticks <= 0) return { count: pictures, timing: null };
  const steps = times.slice(1).map((time, i) => time - times[i]);
  const [shortest, longest] = [Math.min, Math.max].map((most) => steps.reduce((a, b) => most(a, b)));
  // Both ends were rounded to a tick, by up to half of one each.
  const rate = (spanned: number) => (pictures - 1) / (spanned * tick);
  const frameRate = frameRateBetween(rate(ticks + 1), rate(Math.max(ticks - 1, 0.5)));
  return { count: pictures, timing: { frameRate, span: ticks * tick, isUneven: longest > 2 * shortest } };
}
