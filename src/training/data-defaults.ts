/** Duration in minutes of a training if neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/**
 * Default settings of a training from random weights, by kind of data: examples per step, mirroring, and fraction of
 * examples that are random crops. Clips are few and similar, so their frames are also mirrored and cropped. Digits that
 * are mirrored are no digits.
 */
export const dataDefaults = {
  clips: { batch: 8, mirror: true, crops: 0.5 },
  images: { batch: 16, mirror: false, crops: 0 },
  'moving-mnist': { batch: 8, mirror: false, crops: 0 },
} as const;

/** Default peak learning rate of a training from random weights. */
export const DEFAULT_RATE = 2e-3;

/**
 * Default settings of a training from a model's weights: a low rate to forget nothing, and frames neither mirrored nor
 * cropped.
 */
export const fineTuningDefaults = { rate: 3e-4, mirror: false, crops: 0 } as const;

/**
 * Default number of shards of a batch: of a training that is started alone, and under mpirun. The latter does not
 * depend on the number of ranks, so that the ranks change no weight.
 */
export const defaultShards = { alone: 1, launched: 8 } as const;
