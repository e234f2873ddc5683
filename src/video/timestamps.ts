import { text } from 'node:stream/consumers';
import type { FrameRate } from '../foundation/frame-rate.js';
import { readOutput, startFfmpeg } from './ffmpeg-run.js';
import { frameRateBetween } from './constant-rate.js';

/** Timestamps of a file's frames. */
interface Pictures {
  count: number;
  /** True if each frame has timestamps, and decoding times never decrease. */
  haveTimes: boolean;
  /** Timing of the frames that have a timestamp; null if there are no two different timestamps. */
  timing: Timing | null;
}

interface Timing {
  frameRate: FrameRate;
  /** Seconds from the first frame to the last. */
  span: number;
  /** `uneven` if some frame but the last lasts more than twice as long as another. */
  times: 'even' | 'uneven';
}

/**
 * Value that FFmpeg writes for an unknown timestamp. FFmpeg guesses other missing timestamps, and warns if they
 * decrease.
 */
const noTime = '-9223372036854775808';
const backInTime = /non-monoton\w+ dts/i;

/**
 * Reads the timestamps of all frames of the first video stream, without decoding. Returns the number of frames, and
 * their average rate, span and evenness.
 * @throws PxvError `INPUT` if FFmpeg writes nothing for 60 s; `DEPENDENCY` if there is no FFmpeg, or another program
 *   ended it; the signal's reason if aborted
 */
export async function scanTimestamps(path: string, signal?: AbortSignal): Promise<Pictures> {
  let isForward = true;
  const run = await startFfmpeg({
    input: path,
    outputOptions: ['-map', '0:V:0', '-c', 'copy', '-f', 'framecrc'],
    onLine: (line) => (isForward &&= !backInTime.test(line)),
  });
  const { haveTimes, ...pictures } = parseTimestamps(await text(readOutput(run, path, signal)));
  return { ...pictures, haveTimes: haveTimes && isForward };
}

/** Frames per second, from and to, that a clip can have; others are those of damaged timestamps. */
const PLAUSIBLE = [1e-6, 1e6];

/**
 * Parses the timestamps of frames, as FFmpeg's muxer `framecrc` writes them: a time base, `#tb 0: 1/25`, then a line
 * per frame of stream, decoding time, presentation time, duration and more.
 */
export function parseTimestamps(report: string): Pictures {
  const [, numerator, denominator] = /^#tb 0: (\d+)\/(\d+)/m.exec(report) ?? [];
  const tick = Number(numerator) / Number(denominator);
  const told = Array.from(report.matchAll(/^0, *-?\d+, *(-?\d+),/gm), ([, time]) => time);
  const count = told.length;
  const all = told
    .filter((time) => time !== noTime)
    .map(Number)
    .sort((a, b) => a - b);
  const haveTimes = all.length === count;
  const ticks = all[all.length - 1] - all[0];
  // Both ends were rounded to the time base, by up to half a unit each.
  const rate = (spanned: number) => (all.length - 1) / (spanned * tick);
  const [low, high] = [rate(ticks + 1), rate(Math.max(ticks - 1, 0.5))];
  if (all.length < 2 || ticks <= 0 || !(low >= PLAUSIBLE[0] && high <= PLAUSIBLE[1]))
    return { count, haveTimes, timing: null };
  const steps = all.slice(1).map((time, i) => time - all[i]);
  const shortest = steps.reduce((a, b) => Math.min(a, b));
  const longest = steps.reduce((a, b) => Math.max(a, b));
  const frameRate = frameRateBetween(low, high);
  const times = longest > 2 * shortest ? 'uneven' : 'even';
  return { count, haveTimes, timing: { frameRate, span: ticks * tick, times } };
}
