/** Minutes of a training where neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/** What a training from random weights does where nothing is said. Clips are few and alike: they are also shown mirrored and in part. */
export const dataDefaults = {
  clips: { batch: 8, mirror: true, crops: 0.5 },
  images: { batch: 16, mirror: false, crops: 0 },
} as const;

/** The highest learning rate of a training from random weights. */
export const DEFAULT_RATE = 2e-3;

/** What is other where a model's weights are gone on with: nothing is to be lost that they know, and a scene is shown as it is. */
export const fineTuningDefaults = { rate: 3e-4, mirror: false, crops: 0 } as const;
