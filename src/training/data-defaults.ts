/** Minutes of a training where neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/** The highest learning rate: of random weights, and of those of a model, which is to lose nothing that it knows. */
export const defaultRate = { random: 2e-3, trained: 3e-4 } as const;

/** What a training does where nothing is said. Clips are few and alike: they are also shown mirrored and in part. */
export const dataDefaults = {
  clips: { batch: 8, mirror: true, crops: 0.5 },
  images: { batch: 16, mirror: false, crops: 0 },
} as const;
