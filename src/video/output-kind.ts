import { lstat, readdir, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { errorFactory, type ErrorCode, type PxvError } from '../foundation/errors.js';
import { checkWritable } from '../foundation/write-file.js';
import { assertNotInput, assertOverwritable, type ReplaceOptions } from './overwrite-checks.js';
import { findFfmpeg } from './ffmpeg-binary.js';
import { isPanelFolder } from './panels.js';
import { hasSoftwareTag } from './software-tag.js';

const kinds = ['mp4', 'webm', 'gif', 'png', 'folder'] as const;
/** What a clip can be written as. A `.png` file is a contact sheet, a folder holds one PNG file a frame. */
export type OutputKind = (typeof kinds)[number];

const ownFrame = /^\d{5,}\.png$/;

/** What a path asks for by its extension; null where nothing can be written as that. */
export function outputKind(path: string): OutputKind | null {
  const ending = extname(path).toLowerCase();
  return /[/\\]$/.test(path) ? 'folder' : (kinds.find((kind) => outputEnding(kind) === ending) ?? null);
}

/** What a name ends in that asks for a kind. */
export function outputEnding(kind: OutputKind): string {
  return kind === 'folder' ? '' : `.${kind}`;
}

/** Name of the PNG file of a frame, by its number in its clip. */
export function frameFileName(index: number): string {
  return `${String(index).padStart(5, '0')}.png`;
}

/**
 * Makes sure, before work is spent on it, that a clip can be written to `path`: by its extension, `.mp4`,
 * `.webm`, `.gif`, `.png`, or none for a folder; and that it destroys nothing that is read, nor anything that exists unless
 * that is asked for. A missing parent folder is created.
 * @throws {PxvError} OUTPUT where it cannot be written or exists; USAGE where it is an input or its ending asks for nothing that can be written; DEPENDENCY where FFmpeg is
 * needed and missing.
 */
export async function checkOutput(path: string, options: ReplaceOptions = {}): Promise<OutputKind> {
  await assertNotInput(path, options.inputs ?? [], { folderReplaced: true });
  const kind = await assertWritablePath(path);
  await assertOverwritable(path, options);
  return kind;
}

/**
 * What a path asks for, where that can be written there, in the place of nothing but frames.
 * @throws {PxvError} USAGE where its ending asks for something else; OUTPUT where it cannot; DEPENDENCY where FFmpeg is needed and
 * missing.
 */
export async function assertWritablePath(path: string): Promise<OutputKind> {
  const kind = outputKind(path);
  const nameRefused = (received: string) =>
    outputError(path, 'a name that ends in .mp4, .webm, .gif or .png, or a folder', received, 'USAGE');
  if (kind === null) throw nameRefused(`a name that ends in ${extname(path)}`);
  const unfit = unfitName(path, kind);
  if (unfit !== null) throw nameRefused(unfit);
  if (kind !== 'png' && kind !== 'folder') await findFfmpeg();
  // As it is written: to the system `none/../clips` leads nowhere where there is no `none`.
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

/** What no output can be called, in words; null for all other names. */
function unfitName(path: string, kind: OutputKind): string | null {
  if (path === '') return 'an empty name';
  if (path === '-') return 'standard output, which only pxv predict writes to';
  // Another folder takes an output's place, and who is in the old one would be nowhere.
  const holdsThis = `${process.cwd()}${sep}`.startsWith(`${resolve(path)}${sep}`);
  return kind === 'folder' && holdsThis ? 'the folder that the command runs in, or one around it' : null;
}

/**
 * What lies in a folder, or in its folders of panels, that was not written here as a frame: somebody's own frames may have such
 * names as well. Null where nothing does.
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

export function outputError(path: string, expected: string, received: string, code: ErrorCode = 'OUTPUT'): PxvError {
  return errorFactory(code, 'write video')(path, expected, received, 'choose another output');
}
