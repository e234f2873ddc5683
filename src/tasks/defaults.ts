import { DEFAULT_SEED } from '../philox.js';

/** What a task is asked for where nothing is said, in the commands and in the library alike. It imports little. */
export const defaults = {
  predictClip: { horizon: 8, slow: 1, from: null, seed: DEFAULT_SEED, forecast: 'samples' },
  /** Of each clip of a folder. */
  predictClips: { kind: 'mp4' },
  /** By what is written: a mean of one sample would be none. */
  samplesOfForecast: { samples: 1, mean: 8, 'best-guess': 1 },
  scoreClips: { horizon: 8, starts: 4, samples: 4, seed: DEFAULT_SEED },
  scoreImages: { split: 'test' },
  sampleImages: { count: 16, scale: 1, seed: DEFAULT_SEED },
  completeImage: { samples: 7, scale: 4, fit: 'crop', seed: DEFAULT_SEED },
  checkModel: { seed: DEFAULT_SEED },
} as const;

/** Options of which the defaults stand in for those that are left out. */
export type Filled<O, D> = O & { [K in keyof D & keyof O]-?: Exclude<O[K], undefined> };

export function filled<O extends object, D extends object>(options: O, byDefault: D): Filled<O, D> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.assign({}, byDefault, Object.fromEntries(given) as O) as unknown as Filled<O, D>;
}
