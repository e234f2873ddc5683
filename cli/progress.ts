import { toOneLine } from '../src/foundation/control-characters.js';

/** State of some work, as `Progress` shows it. */
export interface ProgressState {
  /** Name of the work, in one or two words; a new label restarts the clock. */
  label: string;
  /** Number of units done, with the fraction of the current unit; shown rounded down. */
  done: number;
  /** Total number of units; null if not known. */
  total: number | null;
  /** Seconds of limited time, which give the percentage if `total` is null. */
  time?: { passed: number; total: number };
  /** Unit of `done` and `total`, in the plural, such as `steps`. */
  unit: string;
  /** Further values to show, such as `bits/dim`, in this order. */
  fields?: Readonly<Record<string, string | number>>;
}

/** Stream for progress: `process.stderr` or a substitute. */
export interface ProgressStream {
  /** True for a terminal, on which a line can be rewritten. */
  isTTY?: boolean;
  /** Width of the terminal in characters; 0 or undefined: 80. */
  columns?: number;
  write(text: string): unknown;
}

const terminalInterval = 100;
const plainInterval = 10_000;

/** Progress display: a line that rewrites itself on a terminal, else a plain line at most every 10 seconds. */
export class Progress {
  private label: string | undefined;
  private startTime = 0;
  private startDone = 0;
  private shownTime = 0;
  private latest: { state: ProgressState; rate: number } | undefined;

  /** @param now returns monotonic milliseconds */
  constructor(
    private readonly stream: ProgressStream,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Records the state, and writes at most every 0.1 s on a terminal, else every 10 s; cheap to call at every step. */
  show(state: ProgressState): void {
    const time = this.now();
    if (state.label !== this.label) {
      this.close();
      this.label = state.label;
      this.startTime = time;
      this.startDone = state.done;
      this.shownTime = this.stream.isTTY ? -Infinity : time;
    }
    const rate = (1000 * (state.done - this.startDone)) / (time - this.startTime);
    this.latest = { state, rate };
    if (time - this.shownTime < (this.stream.isTTY ? terminalInterval : plainInterval)) return;
    this.shownTime = time;
    this.write();
  }

  /** Writes a line of its own, such as a warning, above the progress. */
  log(text: string): void {
    const said = toOneLine(text);
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${said}\n` : `${said}\n`);
    if (this.stream.isTTY && this.latest !== undefined) this.write();
  }

  /** Ends the display; the last state stays on its line. A second call does nothing. */
  close(): void {
    if (this.latest !== undefined) {
      this.write();
      if (this.stream.isTTY) this.stream.write('\n');
    }
    this.latest = undefined;
    this.label = undefined;
  }

  private write(): void {
    if (this.latest === undefined) return;
    const { state, rate } = this.latest;
    const { isTTY } = this.stream;
    // A terminal of unknown width reports 0.
    const columns = this.stream.columns || 80;
    const line = toOneLine(formatProgress(state, rate, isTTY ? columns - 1 : Infinity));
    this.stream.write(isTTY ? `\r${line}\x1b[K` : `${line}\n`);
  }
}

/**
 * Returns a line such as `train  120/1000 steps  12%  3.40/s  0:04:19 to go  bits/dim 3.21`. To fit into `columns`,
 * long texts lose their middle, then the last fields are dropped.
 * @param rate units per second; 0 or infinite: not shown, nor the time to go
 * @param columns maximum length
 */
export function formatProgress(state: ProgressState, rate: number, columns = Infinity): string {
  const { label, done, total, time, unit, fields = {} } = state;
  const parts = [label, `${Math.floor(done)}${total === null ? '' : `/${total}`} ${unit}`];
  const share = total !== null ? done / total : time && time.passed / time.total;
  if (share !== undefined) parts.push(`${Math.floor(100 * Math.min(1, share))}%`);
  const hasFrameRate = rate > 0 && rate < Infinity;
  if (hasFrameRate) parts.push(`${formatNumber(rate, 3)}/s`);
  if (total === null && time) parts.push(`${formatDuration(Math.max(0, time.total - time.passed))} to go`);
  if (total !== null && hasFrameRate && done < total) parts.push(`${formatDuration((total - done) / rate)} to go`);
  return fitted(parts, Object.entries(fields), columns);
}

/** Minimum number of characters of a shortened text. */
const SHORTEST = 15;

/**
 * Returns parts and fields in one line of at most `columns` characters. Long texts lose their middle, then the last
 * fields are dropped.
 */
function fitted(parts: readonly string[], fields: readonly [string, string | number][], columns: number): string {
  const line = (texts: number) =>
    [
      ...parts,
      ...fields.map(([name, value]) =>
        typeof value === 'number' ? `${name} ${formatNumber(value, 4)}` : `${name} ${shortened(value, texts)}`,
      ),
    ].join('  ');
  const longest = Math.max(...fields.map(([, value]) => String(value).length), SHORTEST);
  for (let texts = longest; texts >= SHORTEST; texts--) {
    if (line(texts).length <= columns) return line(texts);
  }
  return fields.length > 0 ? fitted(parts, fields.slice(0, -1), columns) : parts.join('  ').slice(0, columns);
}

function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 3) / 2);
  return `${text.slice(0, length - 3 - end)}...${text.slice(text.length - end)}`;
}

/** Returns a number with `digits` significant digits, but with all digits before the point: `84213`, not `8.42e+4`. */
function formatNumber(value: number, digits: number): string {
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 10 ** digits ? String(Math.round(value)) : rounded.toPrecision(digits);
}

/** Returns a duration as h:mm:ss, rounded to seconds. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
