/** How far some work has come. */
export interface ProgressState {
  /** What is being done, in one word or two; another label starts another clock. */
  label: string;
  done: number;
  total: number;
  /** What `done` and `total` count, in the plural, such as `steps`. */
  unit: string;
  /** Anything else worth a look, such as `bits/dim`, shown in this order. */
  fields?: Readonly<Record<string, string | number>>;
}

/** The stream that progress goes to: `process.stderr` or a stand-in for it. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const terminalInterval = 100;
const plainInterval = 10_000;

/** Progress as one line that rewrites itself on a terminal, elsewhere as a plain line at most every 10 seconds. */
export class Progress {
  private label: string | undefined;
  private startTime = 0;
  private startDone = 0;
  private shownTime = 0;
  private latest: string | undefined;

  /** @param now - Milliseconds that never go backwards. */
  constructor(
    private readonly stream: ProgressStream,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Cheap enough to call at every step: writes only when it is time to. */
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
    this.latest = formatProgress(state, rate);
    if (time - this.shownTime < (this.stream.isTTY ? terminalInterval : plainInterval)) return;
    this.shownTime = time;
    this.write();
  }

  /** Writes a line of its own, above the progress. */
  say(text: string): void {
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
    if (this.stream.isTTY && this.latest !== undefined) this.write();
  }

  /** Leaves the last state on a line of its own. A second call does nothing. */
  close(): void {
    if (this.latest !== undefined) {
      this.write();
      if (this.stream.isTTY) this.stream.write('\n');
    }
    this.latest = undefined;
    this.label = undefined;
  }

  private write(): void {
    const line = this.latest ?? '';
    this.stream.write(this.stream.isTTY ? `\r${line.slice(0, (this.stream.columns ?? 80) - 1)}\x1b[K` : `${line}\n`);
  }
}

/** One line such as `train  120/1000 steps  12%  3.40/s  0:04:19 to go  bits/dim 3.21`; `rate` is units a second. */
export function formatProgress({ label, done, total, unit, fields = {} }: ProgressState, rate: number): string {
  const parts = [label, `${done}/${total} ${unit}`, `${Math.floor((100 * done) / total)}%`];
  if (rate > 0 && rate < Infinity) {
    parts.push(`${rate.toPrecision(3)}/s`);
    if (done < total) parts.push(`${formatDuration((total - done) / rate)} to go`);
  }
  for (const [name, value] of Object.entries(fields)) {
    parts.push(`${name} ${typeof value === 'number' ? value.toPrecision(4) : value}`);
  }
  return parts.join('  ');
}

/** h:mm:ss */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
