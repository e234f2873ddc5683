import { access, constants, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { errorFactory, PxvError } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { listArrayClips } from './array-clip.js';
import { isArrayFile, splitAddress } from './clip-address.js';
import { listImages, naturalOrder, filterNumberedImages } from './image-folder.js';

/** Clip that `listClips` found and that is not opened yet. */
export interface ClipSource {
  /** Path relative to the common parent folder of all clips; unique, with `/` as separator. */
  name: string;
  /** Path of the file or folder, or of a clip in an array file (`a.npy#3`), for `openClip`. */
  path: string;
  /** True if the caller gave this path; false if the clip was found in a folder. */
  isExplicit: boolean;
}

const videoName = /\.(?:3gp|apng|asf|avi|f4v|flv|gif|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|mxf|ogv|ts|vob|webm|wmv|y4m)$/i;
/** Default names of outputs of `pxv predict` and `pxv surprise`, which are not taken for clips of a folder. */
const defaultOutput = /(?:^|-)(?:predicted|surprise)(?:\.[^.]+)?$/;
const looksFor = 'a video file, a folder of numbered images, an array (.npy, .npz), or a folder of these';

/**
 * Finds the clips under `paths`. Each path is a video file (of any name), a folder of numbered images (one clip), an
 * array file of NumPy (one clip or several), a clip in such a file (`a.npy#3`), or a folder that holds any of these, at
 * any depth. Skips hidden entries, other files, and default outputs of `pxv predict` and `pxv surprise` (`predicted`,
 * or a name that ends in `-predicted` or `-surprise`).
 * @returns clips sorted by name, each once. `isExplicit` is true for a clip that is both given and found in a folder
 * @throws PxvError `INPUT` if a path does not exist or holds no clip
 */
export async function listClips(paths: readonly string[]): Promise<ClipSource[]> {
  if (paths.length === 0) throw nothing('no path', 'no path at all');
  // `resolve` takes an empty path for the current folder.
  if (paths.includes('')) throw nothing("''", 'an empty path');
  const found = new Map<string, boolean>();
  for (const path of paths) {
    const clips = await clipsAt(path);
    const { file } = splitAddress(resolve(path));
    const isExplicit = (clip: string) =>
      isArrayFile(file) ? splitAddress(clip).file === file : clips.length === 1 && clip === file;
    for (const clip of clips) found.set(clip, found.get(clip) || isExplicit(clip));
  }
  const all = [...found];
  const shared = all.map(([path]) => dirname(splitAddress(path).file)).reduce(sharedFolder);
  return all
    .map(([path, isExplicit]) => ({ name: relative(shared, path).split(sep).join('/'), path, isExplicit }))
    .sort((a, b) => naturalOrder.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
}

/**
 * Decides if a clip that cannot be read is skipped. Returns the reason in one line if a folder led to the clip and
 * `error` is an `INPUT` error.
 * @throws `error` itself if the caller gave the clip's own path, or if `error` has another code
 */
export function skipReason({ isExplicit }: ClipSource, error: unknown): string {
  if (isExplicit || !(error instanceof PxvError) || error.code !== 'INPUT') throw error;
  return error.message;
}

/**
 * Returns the paths of a clip's files: the video or array file, or the images of its folder. Returns an empty list if
 * the folder cannot be read.
 * @throws PxvError `INPUT` if the folder holds no numbered images
 */
export async function listFrameFiles(clip: ClipSource): Promise<string[]> {
  const { file } = splitAddress(clip.path);
  if (!(await isFolder(file))) return [file];
  return (await isClosed(file)) ? [] : listImages(file);
}

/** Returns true if a clip is of a kind that states no frame rate: a folder of images, or an array. */
export async function isUntimed({ path }: ClipSource): Promise<boolean> {
  const { file } = splitAddress(path);
  return isArrayFile(file) || isFolder(file);
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() ?? false;
}

/**
 * Describes the error of a failed `stat`, in words for the user: no such path, no permission, or the system's message.
 */
export function describeMissingPath({ code, message }: { code?: string | undefined; message: string }): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file';
  return code === 'EACCES' ? 'a path in a folder that you may not enter' : message;
}

async function clipsAt(path: string): Promise<string[]> {
  const root = resolve(path);
  const { file, place } = splitAddress(root);
  const stats = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw nothing(path, describeMissingPath(cause));
  });
  if (!stats.isDirectory()) {
    const clips = isArrayFile(file) && place === null ? await listArrayClips(file) : [];
    return clips.length > 0 ? clips : [root];
  }
  const clips = await clipsIn(root, new Set());
  if (clips.length > 0) return clips;
  const { length } = await visibleEntries(root);
  throw nothing(path, `a folder with ${pluralize(length, 'entry', 'entries')}, and no clip in it`);
}

/**
 * Returns the paths of the clips in `folder`, at any depth.
 * @param seen real paths of the folders visited so far, since links can form a cycle
 */
async function clipsIn(folder: string, seen: Set<string>): Promise<string[]> {
  const place = await realpath(folder);
  if (seen.has(place)) return [];
  seen.add(place);
  const entries = await visibleEntries(folder);
  // A single image among videos is no clip: it may be a contact sheet of one of them.
  const fewest = entries.some((name) => videoName.test(name)) ? 2 : 1;
  const clips = filterNumberedImages(entries).length >= fewest ? [folder] : [];
  for (const entry of entries.filter((name) => !defaultOutput.test(name))) {
    const inside = join(folder, entry);
    // An unreadable folder, a dangling link or a name that is no text counts as a clip: opening the clip reports why it
    // cannot be read.
    const isDirectory = await isFolder(inside);
    if (isDirectory && !(await isClosed(inside))) clips.push(...(await clipsIn(inside, seen)));
    else if (!isDirectory && isArrayFile(entry)) clips.push(...(await listArrayClips(inside)));
    else if (isDirectory || videoName.test(entry)) clips.push(inside);
  }
  return clips;
}

async function isClosed(folder: string): Promise<boolean> {
  return access(folder, constants.R_OK | constants.X_OK).then(
    () => false,
    () => true,
  );
}

async function visibleEntries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw nothing(folder, cause.message);
  });
  return names.filter((name) => !name.startsWith('.'));
}

function sharedFolder(a: string, b: string): string {
  const left = a.split(sep);
  const right = b.split(sep);
  const differ = left.findIndex((part, index) => part !== right[index]);
  return left.slice(0, differ < 0 ? undefined : differ).join(sep) || sep;
}

function nothing(path: string, received: string): PxvError {
  return errorFactory('INPUT', 'look for clips')(path, looksFor, received, 'check the path');
}
