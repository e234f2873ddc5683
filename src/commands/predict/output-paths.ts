import { join, resolve, sep } from 'node:path';
import { errorFactory } from '../../foundation/errors.js';
import { clipStem, folderPath, outputEnding, outputKind, type ClipSource, type OutputKind } from '../../video/index.js';

const misused = errorFactory('USAGE', 'predict');

/** Returns the default output of the prediction of one clip: `<name>-predicted` with the extension of `kind`. */
export function defaultOutput(name: string, kind: OutputKind): string {
  const path = `${name}-predicted${outputEnding(kind)}`;
  return kind === 'folder' ? folderPath(path) : path;
}

/** Checks that `out` names an output of the requested kind, if one is requested. @throws PxvError `USAGE` if not */
export function assertRequestedKind(out: string, kind: OutputKind | undefined): void {
  if (kind === undefined || outputKind(out) === kind) return;
  throw misused(`--format ${kind}`, 'an --out of the same kind', out, 'leave out one of the two');
}

/** Returns the clips without those in the output folder, which were predicted earlier, unless no others are left. */
export function withoutOutputs(sources: readonly ClipSource[], out: string): readonly ClipSource[] {
  const folder = `${resolve(out)}${sep}`;
  const others = sources.filter(({ path, isExplicit }) => isExplicit || !`${path}${sep}`.startsWith(folder));
  return others.length > 0 ? others : sources;
}

/**
 * Returns the output path of each clip. Clip names lose their file extension, unless two outputs would then have the
 * same name.
 * @throws PxvError `USAGE` if `out` is not a folder, or if one output would lie in another
 */
export function outputsInFolder(sources: readonly ClipSource[], out: string, kind: OutputKind): string[] {
  if (outputKind(out) !== 'folder') {
    const remedy = `give a folder as --out, such as ${join(out, sep)}, and an output format with --format`;
    throw misused(out, 'a folder, for several clips', 'the name of a file', remedy);
  }
  const outputs = uniqueNames(sources).map((name) => join(out, `${name}${outputEnding(kind)}`));
  const inside = (outer: string) => outputs.findIndex((other) => other.startsWith(`${outer}${sep}`));
  const outer = outputs.find((path) => inside(path) >= 0);
  if (outer === undefined) return kind === 'folder' ? outputs.map(folderPath) : outputs;
  const received = `a folder that contains the output of ${sources[inside(outer)].name}`;
  const remedy = 'choose another --format, or predict these clips one after the other';
  throw misused(outer, 'outputs that do not contain each other', received, remedy);
}

/** Returns a unique name for each clip: without file extension if the name stays unique. */
function uniqueNames(sources: readonly ClipSource[]): string[] {
  const names = sources.map(({ name }) => clipStem(name));
  for (;;) {
    const shared = names.flatMap((name, i) => (names.indexOf(name) !== names.lastIndexOf(name) ? [i] : []));
    if (shared.length === 0) return names;
    // A full name may equal another name without its extension.
    for (const i of shared) names[i] = sources[i].name;
  }
}
