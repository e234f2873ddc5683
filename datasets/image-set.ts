import type { Channels, Size } from '../src/foundation/frame.js';

/** Split of a data set. `test` is for the final score alone: training and all choices use the other two. */
export type Split = 'train' | 'validation' | 'test';
/** Split that training and model selection may use: `train` or `validation`. @inline */
export type TrainingSplit = Exclude<Split, 'test'>;

/** Open images of one size, in a fixed order. */
export interface Images extends Size {
  /** Number of channels; 1: grey, 3: red, green, blue. */
  readonly channels: Channels;
  /** Number of levels: 256, or 2 if every byte is 0 or 255. */
  readonly levels: 2 | 256;
  /** Number of images, with indices 0 to count - 1. */
  readonly count: number;
  /** Short description of the source, and of differences from the official split. */
  readonly origin: string;
  /** Paths of the files that hold the images, in a fixed order. */
  readonly files: readonly string[];
  /** Returns the path of an image's own file; absent if files hold many images. */
  readonly fileOf?: ((index: number) => string) | undefined;
  /**
   * Writes image `index` as `height x width x channels` bytes, row by row, to the start of `into`. Allocates nothing.
   * @throws PxvError `USAGE` if there is no such image or `into` is too small; `INPUT` if the file was truncated
   */
  read(index: number, into: Uint8Array): void;
  /** Frees memory and closes files; `read` fails afterwards. */
  close(): void;
}

/** Format of a set's images, known before the set is opened. */
export interface DescribedImages {
  size: Size;
  /** Number of channels; 1: grey, 3: red, green, blue. */
  channels: Channels;
  /** Number of levels: 256, or 2 if every byte is 0 or 255. */
  levels: 2 | 256;
  /** Note, in one line, if the images are scaled from another size; else null. */
  note: string | null;
}

/** Options for opening images. */
export interface OpenOptions {
  /**
   * Target size, for sets of any size only. Default: the images' own size if all are alike, scaled down to a longer
   * side of at most 64 pixels; else 64x64.
   */
  size?: Size | undefined;
  /** Number of channels, for sets of any size only. Default: 1 if all images are grey, else 3. */
  channels?: Channels | undefined;
  /** Signal that aborts decoding: the call rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called while images are decoded, which happens once per set: number of images done, and their total. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Checksum of a file in hexadecimal: its SHA-256, or its MD5 if the publisher gives no other. @inline */
export type CheckSum = { sha256: string } | { md5: string };

/** File that `pxv datasets get` downloads. @inline */
export type SourceFile = CheckSum & {
  /** Name of the file in the data set's folder. */
  name: string;
  /** URLs of the file, in the order in which they are tried. */
  urls: readonly string[];
  /** Exact size of the file, in bytes. */
  bytes: number;
  /** Files to extract if the file is a gzipped tar archive, by the last part of their names. */
  unpack?: readonly UnpackedFile[];
};

/** File in an archive, by name and exact size. @inline */
export interface UnpackedFile {
  name: string;
  bytes: number;
}

/** Facts about a data set that are known without opening it. */
export interface ImageSetFacts {
  /** Name of the data set, and of its folder in the cache. */
  name: string;
  /** Title for users, in one line. */
  title: string;
  /** Size of the images; null for any size. */
  size: Size | null;
  /** Number of channels; null for any. */
  channels: Channels | null;
  /** Number of levels: 256, or 2 if every byte is 0 or 255. */
  levels: 2 | 256;
  /** Number of images in each split of the official files; null if there are no official files. */
  counts: Readonly<Record<Split, number>> | null;
  /** Files to download; empty if there is no public URL. */
  files: readonly SourceFile[];
}

/** Data set that can be opened. */
export interface ImageSet extends ImageSetFacts {
  /**
   * Opens one split of the files in `folder`: the official files or a part of them. The caller closes the result.
   * @throws PxvError `INPUT` if files are missing or invalid; of sets of any size, also `OUTPUT` if the cache cannot be
   *   written to; `RESOURCES` if its disk is too small; the signal's reason if aborted
   */
  open(folder: string, split: Split, options?: OpenOptions): Promise<Images>;
}
