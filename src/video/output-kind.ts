import { lstat, readdir, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { errorFactory, type ErrorCode, type PxvError } from '../foundation/errors.js';
import { checkWritable } from '../foundation/write-file.js';
import { assertNotInput, assertOverwritable, type ReplaceOptions } from './overwrite-checks.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { isPanelFolder } from './panels.js';
import { hasSoftwareTag } from './software-tag.js';

const kinds = ['mp4', 'webm', 'mkv', 'gif', 'png', 'npy', 'folder'] as const;
/** Kinds of output that need no FFmpeg. */
const withoutFfmpeg: readonly OutputKind[] = ['png', 'npy', 'folder'];
/**
 * Kind of output: a video (`mp4`, `webm`, `gif`, or `mkv`, which is lossless), a contact sheet (`png`), an array of
 * bytes (`npy`), or a `folder` of PNG files, one per frame.
 */
export type OutputKind = (typeof kinds)[number];

const ownFrame = /^\d{5,}\.png$/;

/**
 * Returns the kind of output that a path names by its extension, in upper or lower case. A path without an extension,
 * or with a trailing slash, names a folder. Returns null for an unknown extension.
 */
export function outputKind(path: string): OutputKind | null {
  const ending = extname(path).toLowerCase();
  return /[/\\]$/.test(path) ? 'folder' : (kinds.find((kind) => outputEnding(kind) === ending) ?? null);
}

/** Returns `path` as that of a folder: with a trailing slash if the name would else seem to have an extension. */
export function folderPath(path: string): string {
  return outputKind(path) === 'folder' ? path : `${path}${sep}`;
}

/** Returns the file extension of a kind of output, such as `.mp4`; empty for a folder. */
export function outputEnding(kind: OutputKind): string {
  return kind === 'folder' ? '' : `.${kind}`;
}

/** Returns the name of a frame's PNG file: its index with at least 5 digits, such as `00012.png`. */
export function frameFileName(index: number): string {
  return `${String(index).padStart(5, '0')}.png`;
}

/**
 * Checks, before any work, that an output can be written to `path`, and returns its kind. The extension is `.mp4`,
 * `.webm`, `.mkv`, `.gif`, `.png`, `.npy`, or none for a folder. Missing parent folders are allowed; the check leaves
 * nothing on the disk.
 * @param options files that the output must not replace
 * @throws PxvError `OUTPUT` if `path` cannot be written, or exists and `overwrite` is not set; `USAGE` if `path` is an
 *   input or has another extension; `DEPENDENCY` if FFmpeg is needed and missing
 */
export async function checkOutput(path: string, options: ReplaceOptions = {}): Promise<OutputKind> {
  await assertNotInput(path, options.inputs ?? [], { folderReplaced: true });
  const kind = await assertWritablePath(path);
  await assertOverwritable(path, options);
  return kind;
}

/**
 * Checks that an output can be written to `path`, and returns its kind. An existing folder may hold only frames that
 * pxv wrote.
 * @throws PxvError `USAGE` if the name is invalid; `OUTPUT` if the path cannot be written; `DEPENDENCY` if FFmpeg is
 *   needed and missing
 */
export async function assertWritablePath(path: string): Promise<OutputKind> {
  const kind = outputKind(path);
  const nameRefused = (received: string) =>
    outputError(path, 'a name that ends in .mp4, .webm, .mkv, .gif, .png or .npy, or a folder', received, 'USAGE');
  if (kind === null) throw nameRefused(`a name that ends in ${extname(path)}`);
  const unfit = unfitName(path, kind);
  if (unfit !== null) throw nameRefused(unfit);
  if (!withoutFfmpeg.includes(kind)) await findFfmpeg();
  // `resolve` first: to the system `none/../clips` leads nowhere if there is no `none`.
  const place = resolve(path);
  const existing = await stat(place).catch(() => null);
  if (existing && kind === 'folder') {
    if ((await lstat(place)).isSymbolicLink()) throw outputError(path, 'a folder', 'a link to one');
    if (!existing.isDirectory()) throw outputError(path, 'a folder', 'a file of that name');
    const foreign = await foreignEntry(place);
    if (foreign !== null)
      throw outputError(path, 'a new or empty folder, or one that pxv wrote', `one with ${foreign}`);
  }
  if (existing?.isDirectory() && kind !== 'folder') throw outputError(path, 'a file', 'a folder of that name');
  checkWritable(path);
  return kind;
}

/** Returns the reason why a name is invalid for an output; null if the name is valid. */
function unfitName(path: string, kind: OutputKind): string | null {
  if (path === '') return 'an empty name';
  if (path === '-') return 'standard output, which only pxv predict writes to';
  // A new folder replaces the output; a process in the old folder would be nowhere.
  const holdsThis = `${process.cwd()}${sep}`.startsWith(`${resolve(path)}${sep}`);
  return kind === 'folder' && holdsThis ? 'the folder that the command runs in, or one around it' : null;
}

/**
 * Returns the first entry of a folder, or of its panel folders, that is no frame written by pxv; null if there is none.
 */
async function foreignEntry(folder: string, ofPanel = false): Promise<string | null> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry;
    if (!ofPanel && entry.isDirectory() && isPanelFolder(name)) {
      const inside = await foreignEntry(join(folder, name), true);
      if (inside !== null) return `${name}/${inside}`;
    } else if (!ownFrame.test(name) || !(await hasSoftwareTag(join(folder, name)))) return name;
  }
  return null;
}

/**
 * Returns the error for an output that cannot be written. Expected and received values are in words.
 * @param code code of the error; default: OUTPUT
 */
export function outputError(path: string, expected: string, received: string, code: ErrorCode = 'OUTPUT'): PxvError {
  return errorFactory(code, 'write video')(path, expected, received, 'choose another output');
}
