import { median } from '../foundation/median.js';

/** Number of blocks at which blocks shorter than a second are merged in pairs. */
const MAX_SHORT = 40;
/** Maximum number of blocks, of about a second each: an hour. */
const MOST = 3600;
/** Maximum fraction of the highest maxima that are taken for anomalies. */
const OUTLIERS = 0.15;
/** Prior scale of the tail, in standard deviations, with its weight in blocks. The scale is never lower. */
const PRIOR = { scale: 0.4, weight: 5 };
/** Maximum exponent whose power is finite. */
const MAX_EXPONENT = 700;
/** Median absolute deviation of a Gumbel distribution, the limit of maxima, of scale 1. */
const GUMBEL_DEVIATION = 0.77;

/** State of a `BlockMaxima` as JSON holds it. */
export interface BlockMaximaState {
  /** Number of frames per block. */
  frames: number;
  /** Maximum of each block, in order of time. */
  maxima: readonly number[];
  /** Values of the block that is not full. */
  rest: readonly number[];
}

/**
 * Estimator of return periods from block maxima: the maxima of a deviation over blocks of time. The rate at which a
 * value is exceeded is a sum of logistic functions around the maxima. Their exponential tails extrapolate beyond the
 * highest maximum. Blocks grow with the number of frames, from a frame to about a second. Only the last 3,600 maxima
 * are used. Immutable: `learn` returns a new estimator.
 */
export class BlockMaxima {
  /** Maxima without outliers, and the scale of the tail; null if not computed yet. */
  private fitted: { usual: number[]; scale: number } | null = null;

  /**
   * @param frameRate frames per second
   * @param outliers maximum number of the highest maxima that are ignored as anomalies; never more than 15% of all
   * @param state state to resume from
   */
  constructor(
    private readonly frameRate: number,
    private readonly outliers: number,
    readonly state: BlockMaximaState = { frames: 1, maxima: [], rest: [] },
  ) {}

  /** Returns the estimator after the value of the next frame. */
  learn(value: number): BlockMaxima {
    const { frames, maxima } = this.state;
    const rest = [...this.state.rest, value];
    const isFull = rest.length >= frames;
    const after = isFull ? this.addMaximum(Math.max(...rest)) : { frames, maxima, rest };
    const next = new BlockMaxima(this.frameRate, this.outliers, after);
    if (!isFull) next.fitted = this.fitted;
    return next;
  }

  /**
   * Returns the score of a value: log10(1 + s), where s is the return period of the value in seconds, less one block.
   * Grows with the value. Returns 0 if no block is full yet.
   */
  score(value: number): number {
    const { frames, maxima } = this.state;
    if (maxima.length === 0) return 0;
    const { usual, scale } = (this.fitted ??= this.fit());
    const above = (maximum: number) => 1 / (1 + Math.exp(Math.min(MAX_EXPONENT, (value - maximum) / scale)));
    const expected = usual.reduce((sum, maximum) => sum + above(maximum), 0);
    const blocks = usual.length / expected;
    return Math.log10(1 + (frames / this.frameRate) * (blocks - 1));
  }

  private addMaximum(maximum: number): BlockMaximaState {
    const { frames } = this.state;
    const maxima = [...this.state.maxima, maximum].slice(-MOST);
    if (maxima.length < MAX_SHORT || frames >= this.frameRate) return { frames, maxima, rest: [] };
    const pairs = maxima.flatMap((later, at) => (at % 2 === 0 ? [] : [Math.max(maxima[at - 1], later)]));
    return { frames: 2 * frames, maxima: pairs, rest: [] };
  }

  private fit(): { usual: number[]; scale: number } {
    const { maxima } = this.state;
    const middle = median(maxima);
    const spread = median(maxima.map((maximum) => Math.abs(maximum - middle))) / GUMBEL_DEVIATION;
    const scale = (maxima.length * spread + PRIOR.weight * PRIOR.scale) / (maxima.length + PRIOR.weight);
    const outliers = Math.min(this.outliers, Math.floor(OUTLIERS * maxima.length));
    const usual = [...maxima].sort((a, b) => a - b).slice(0, maxima.length - outliers);
    return { usual, scale: Math.max(PRIOR.scale, scale) };
  }
}
