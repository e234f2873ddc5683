/** Minutes of a training where neither steps nor minutes are given. */
export const DEFAULT_MINUTES = 20;

/**
 * What a training on each kind of data does where nothing is said. Clips are few and much alike, so that frames are also shown
 * mirrored and in part. Images are learned as they are: a digit that is mirrored is none.
 */
export const dataDefaults = {
  clips: { batch: 8, mirror: true, crops: 0.5 },
  images: { batch: 16, mirror: false, crops: 0 },
} as const;
