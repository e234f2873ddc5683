/** Facts about the first video stream of an input, from FFmpeg's log. */
export interface StreamInfo {
  /** FFmpeg's names for the container format, e.g. `mov,mp4,m4a,3gp,3g2,mj2`. */
  container: string;
  /** FFmpeg's name for the codec, e.g. `h264`. */
  codec: string;
  /** Average frames per second, rounded to two decimals; null if unknown. */
  averageRate: number | null;
  /** Duration of the file in seconds; null if unknown. */
  duration: number | null;
  /** True if the video has an alpha channel. */
  hasAlpha: boolean;
  /** True if alpha lies in a side stream that only some decoders read, as in WebM. */
  alphaInSideStream: boolean;
}

/** Pattern of FFmpeg's pixel formats with an alpha plane, or with alpha in their palette. */
const alphaFormat = /^(?:rgba|bgra|argb|abgr|pal8|ya8|ya16|yuva|gbrap|ayuv|vuya)/;

/** Pattern of the line of a video stream. A file's metadata are in the log too, behind a key: they state no facts. */
const videoLine = /^\[info\] +Stream #0:\d\S*: Video: /;

/**
 * Parses FFmpeg's log at level `info`. The log of versions 4 to 7 holds
 *
 *     [info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:a.mp4':
 *     [info]   Stream #0:0(und): Video: h264 (High), yuv420p(tv, smpte170m), 192x108 [SAR 1:1], 29.97 fps, 29.97 tbr
 *     [info]       alpha_mode      : 1
 *
 * with the metadata of a stream indented below the stream. Returns null if there is no video stream besides a cover
 * image.
 */
export function parseVideoStream(log: readonly string[]): StreamInfo | null {
  const outputStarts = log.findIndex((line) => line.startsWith('[info] Output #0'));
  const input = outputStarts < 0 ? log : log.slice(0, outputStarts);
  const start = input.findIndex((line) => videoLine.test(line) && !line.includes('(attached pic)'));
  const line = input[start];
  if (line === undefined) return null;
  const next = input.findIndex((other, index) => index > start && /^\[info\] +Stream #/.test(other));
  const metadata = input.slice(start + 1, next < 0 ? undefined : next);

  const [, codec = '', description = ''] = / Video: (\w+)(.*)/.exec(line) ?? [];
  // The pixel format is the first word after the codec's own brackets and comma.
  const pixelFormat = /^(?: \([^)]*\))*, (\w+)/.exec(description)?.[1] ?? '';
  const [, rate, thousand] = /, (\d+(?:\.\d+)?)(k?) fps/.exec(description) ?? [];
  const clock = input.map((other) => /^\[info\] +Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/.exec(other)).find(Boolean);
  const alphaInSideStream = !alphaFormat.test(pixelFormat) && metadata.some((entry) => /alpha_mode *: 1/i.test(entry));
  const opening = input.map((other) => /^\[info\] Input #0, (.+), from '/.exec(other)).find(Boolean);
  return {
    container: opening?.[1] ?? '',
    codec,
    averageRate: rate === undefined ? null : Number(rate) * (thousand ? 1000 : 1),
    duration: clock ? 3600 * Number(clock[1]) + 60 * Number(clock[2]) + Number(clock[3]) : null,
    hasAlpha: alphaFormat.test(pixelFormat),
    alphaInSideStream,
  };
}
