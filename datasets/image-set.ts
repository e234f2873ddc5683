import type { Channels, Size } from '../src/foundation/frame.js';

/** `test` is for the last score alone: training and every choice are made on the other two. */
export type Split = 'train' | 'validation' | 'test';
/** What may be looked at while a model is made. */
export type TrainingSplit = Exclude<Split, 'test'>;

/** Images of one size in a fixed order. */
export interface Images extends Size {
  /** 1: grey, 3: red, green, blue. */
  readonly channels: Channels;
  /** 256, or 2 where every byte is 0 or 255. */
  readonly levels: 2 | 256;
  /** How many there are: their indices are 0 to count - 1. */
  readonly count: number;
  /** What was read, and how it differs from the official split, in a few words. */
  readonly origin: string;
  /** Paths of the files that the images come from, in a fixed order. */
  readonly files: readonly string[];
  /** Path of the file that holds one image and no other; absent where files hold many. */
  readonly fileOf?: ((index: number) => string) | undefined;
  /**
   * Writes image `index` as `height x width x channels` bytes, row by row, to the beginning of `into`. Allocates
   * nothing.
   *
   * @throws {PxvError} USAGE where there is no such image or `into` is too small, INPUT where the file was cut off.
   */
  read(index: number, into: Uint8Array): void;
  /** Frees memory and files; nothing can be read after it. */
  close(): void;
}

/** What images will be once they are opened. */
export interface DescribedImages {
  size: Size;
  channels: Channels;
  levels: 2 | 256;
  /** One line where that is not what the files hold, else null. */
  note: string | null;
}

export interface OpenOptions {
  /** Sets of any size only: what to scale to. Default: that of images that are alike, 64 pixels where it is larger, and a square of 64 where they are not. */
  size?: Size | undefined;
  /** Sets of any size only. Default: 1 where all images are grey, else 3. */
  channels?: Channels | undefined;
  signal?: AbortSignal | undefined;
  /** Called while images are decoded, which is done once. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A file that `pxv datasets get` downloads. */
export interface SourceFile {
  /** Its name in the data set's folder. */
  name: string;
  /** Where it lies; the later ones are asked when the earlier ones fail. */
  urls: readonly string[];
  bytes: number;
  sha256: string;
  /** Where it is a gzipped tar file: the files to take out of it, by the last part of their names. */
  unpack?: readonly UnpackedFile[];
}

export interface UnpackedFile {
  name: string;
  bytes: number;
}

/** What is known of a data set without opening it. */
export interface ImageSetFacts {
  /** Also that of its folder in the cache. */
  name: string;
  /** One line for people. */
  title: string;
  /** Null: any. */
  size: Size | null;
  /** Null: any. */
  channels: Channels | null;
  levels: 2 | 256;
  /** Images in each split of the official files; null where there are no official files. */
  counts: Readonly<Record<Split, number>> | null;
  /** What to download; empty where there is no public address. */
  files: readonly SourceFile[];
}

export interface ImageSet extends ImageSetFacts {
  /**
   * Opens one split of the files in `folder`, be they the official ones or a part of them.
   *
   * @throws {PxvError} INPUT where the files are missing or are not what their names say.
   */
  open(folder: string, split: Split, options?: OpenOptions): Promise<Images>;
}
