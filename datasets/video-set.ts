import type { ImageSetFacts, Split } from './image-set.js';

/** Facts about a data set of videos. Its published sequences are files to download, which `pxv eval-video` scores. */
export interface VideoSetFacts extends Pick<ImageSetFacts, 'name' | 'title' | 'files'> {
  /** Size of the frames. */
  size: NonNullable<ImageSetFacts['size']>;
  /** Number of channels; 1: grey, 3: red, green, blue. */
  channels: NonNullable<ImageSetFacts['channels']>;
  /** Number of levels: 256, or 2 if every byte is 0 or 255. */
  levels: ImageSetFacts['levels'];
  /** Number of frames of a sequence. */
  frames: number;
  /** Number of sequences in each published split. */
  counts: Readonly<Partial<Record<Split, number>>>;
}
