import { access, constants, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { errorFactory, PxvError } from '../foundation/errors.js';
import { pluralize } from '../foundation/pluralize.js';
import { listImages, naturalOrder, filterNumberedImages } from './image-folder.js';

/** A clip that was found, not opened yet. */
export interface ClipSource {
  /** Path relative to the folder that all the clips share; unique, with `/` between its parts. */
  name: string;
  /** Path of the file or the folder, for `openClip`. */
  path: string;
  /** Whether the path was given itself; else the clip is one of those in a folder. */
  isExplicit: boolean;
}

const videoName = /\.(?:3gp|apng|asf|avi|f4v|flv|gif|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|mxf|ogv|ts|vob|webm|wmv|y4m)$/i;
/** What `pxv predict` calls what it makes where nothing is said: no clip of a folder, lest it is taken for footage. */
const namedByPredict = /(?:^|-)predicted(?:\.[^.]+)?$/;
const looksFor = 'a video file, a folder of numbered images, or a folder of either';

/**
 * The clips under some paths. A path is a video file (of any name), a folder of numbered images, which is one clip, or
 * a folder that holds such folders and video files, however deep. Hidden ones and other files are passed over, and what
 * `pxv predict` made and named (`predicted`, or a name that ends in `-predicted`).
 * @returns the clips sorted by name, each once; one that is given itself and found in a folder as well counts as given.
 * @throws {PxvError} INPUT where a path does not exist or holds no clip.
 */
export async function listClips(paths: readonly string[]): Promise<ClipSource[]> {
  if (paths.length === 0) throw nothing('no path', 'no path at all');
  // Else it would stand for the folder at hand.
  if (paths.includes('')) throw nothing("''", 'an empty path');
  const found = new Map<string, boolean>();
  for (const path of paths) {
    const clips = await clipsAt(path);
    for (const clip of clips) found.set(clip, found.get(clip) || (clips.length === 1 && clip === resolve(path)));
  }
  const all = [...found];
  const shared = all.map(([path]) => dirname(path)).reduce(sharedFolder);
  return all
    .map(([path, isExplicit]) => ({ name: relative(shared, path).split(sep).join('/'), path, isExplicit }))
    .sort((a, b) => naturalOrder.compare(a.name, b.name) || (a.name < b.name ? -1 : 1));
}

/**
 * Why a clip is passed over that cannot be read, in one line: one bad file in a folder does not end what is done with
 * the others.
 * @throws the error itself where the clip was given by its own path, or where the error does not speak of the clip
 */
export function skipReason({ isExplicit }: ClipSource, error: unknown): string {
  if (isExplicit || !(error instanceof PxvError) || error.code !== 'INPUT') throw error;
  return error.message;
}

/** Paths of the files that a clip is made of: a video file, or the images of its folder; none, where that cannot be looked into. */
export async function listFrameFiles(clip: ClipSource): Promise<string[]> {
  if (!(await isImageFolder(clip))) return [clip.path];
  return (await isClosed(clip.path)) ? [] : listImages(clip.path);
}

/** Whether a clip is a folder of images, which has no frame rate of its own. */
export async function isImageFolder({ path }: ClipSource): Promise<boolean> {
  return isFolder(path);
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() ?? false;
}

/** What a path is that cannot be looked at: nothing may be there, or no way to it. */
export function describeMissingPath({ code, message }: { code?: string | undefined; message: string }): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'a path where nothing is';
  return code === 'EACCES' ? 'a path in a folder that you may not enter' : message;
}

async function clipsAt(path: string): Promise<string[]> {
  const root = resolve(path);
  const stats = await stat(root).catch((cause: NodeJS.ErrnoException) => {
    throw nothing(path, describeMissingPath(cause));
  });
  if (!stats.isDirectory()) return [root];
  const clips = await clipsIn(root, new Set());
  if (clips.length > 0) return clips;
  const { length } = await visibleEntries(root);
  throw nothing(path, `a folder with ${pluralize(length, 'entry', 'entries')}, and no clip in it`);
}

/** @param seen folders that were looked into, by their true paths: links can lead in a circle */
async function clipsIn(folder: string, seen: Set<string>): Promise<string[]> {
  const place = await realpath(folder);
  if (seen.has(place)) return [];
  seen.add(place);
  const entries = await visibleEntries(folder);
  // One picture among videos is none of a clip's: a sheet that lies beside what it was made of.
  const fewest = entries.some((name) => videoName.test(name)) ? 2 : 1;
  const clips = filterNumberedImages(entries).length >= fewest ? [folder] : [];
  for (const entry of entries.filter((name) => !namedByPredict.test(name))) {
    const inside = join(folder, entry);
    // What cannot be looked into, a link that leads nowhere or a name that is no text, is found as a clip all the same: whoever
    // opens it says why it cannot be read.
    const isDirectory = await isFolder(inside);
    if (isDirectory && !(await isClosed(inside))) clips.push(...(await clipsIn(inside, seen)));
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
  const [left, right] = [a.split(sep), b.split(sep)];
  const differ = left.findIndex((part, index) => part !== right[index]);
  return left.slice(0, differ < 0 ? undefined : differ).join(sep) || sep;
}

function nothing(path: string, received: string): PxvError {
  return errorFactory('INPUT', 'look for clips')(path, looksFor, received, 'check the path');
}
