import { basename } from 'node:path';

const arrayFile = /\.(?:npy|npy\.gz|npz)$/i;
const clipInFile = /^(.+\.(?:npy|npy\.gz|npz))#(.*)$/is;

/** Returns true if a name is that of an array file of NumPy: .npy, .npy.gz or .npz. */
export function isArrayFile(path: string): boolean {
  return arrayFile.test(path);
}

/**
 * Splits the path of a clip into its file or folder and the clip's place in the file: `a.npy#3` into `a.npy` and `3`.
 * The place is null for a path that names none, as of every video file.
 */
export function splitAddress(path: string): { file: string; place: string | null } {
  const [, file = path, place = null] = clipInFile.exec(path) ?? [];
  return { file, place };
}

/** Returns a clip's path without extension, with its folders: `a/clip` of `a/clip.mp4`, `a/b-3` of `a/b.npy#3`. */
export function clipStem(path: string): string {
  const { file, place } = splitAddress(path);
  const stem = file.replace(isArrayFile(file) ? arrayFile : /\.\w+$/, '');
  return place === null ? stem : `${stem}-${place.replaceAll('#', '-')}`;
}

/** Returns the last part of a clip's path, with the clip's place in its file: `a.npy#3`. */
export function clipName(path: string): string {
  const { file, place } = splitAddress(path);
  return place === null ? basename(file) : `${basename(file)}#${place}`;
}
