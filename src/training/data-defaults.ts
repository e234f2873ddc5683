/** Minutes of a training where neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/** What a training does where nothing is said. Clips are few and alike: they are also shown mirrored and in part. */
export const dataDefaults = {
  clips: { batch: 8, mirror: true, crops: 0.5 },
  images: { batch: 16, mirror: false, crops: 0 },
} as const;
