import { join, sep } from 'node:path';
import { z } from 'zod';
import { errorFactory } from '../foundation/errors.js';
import { assertVideoModel, type Model } from '../model/model.js';
import { parseConfiguration } from '../foundation/parse-configuration.js';
import {
  checkOutput,
  folderPath,
  clipStem,
  listInputFiles,
  outputEnding,
  outputKind,
  type ClipSource,
  type OutputKind,
} from '../video/index.js';
import { forEachClip, type SkippedClip } from '../clips/for-each-clip.js';
import { parseOptions, type OptionsOf } from '../options/fields.js';
import { predictClipsFields } from './options.js';
import { resolveHoldOut, predictClip, type PredictedClip } from './predict-clip.js';

/** Options for `predictClips`: prediction, sampling, output folder and kind. @interface */
export type PredictClipsOptions = OptionsOf<typeof predictClipsFields>;

/** Result of `predictClips`. */
export interface PredictedClips {
  /** Result of each predicted clip, with the name of its source. */
  clips: (PredictedClip & { name: string })[];
  /** Clips that were skipped: unreadable, too short, or too large for memory. */
  skipped: SkippedClip[];
  /** Number of clips not processed because the signal was aborted. */
  unprocessed: number;
}

const clipSource = z.object(
  { name: z.string(), path: z.string(), isExplicit: z.boolean() },
  'expected the result of listClips',
);
const clipSources = z.array(clipSource, 'expected the result of listClips');

/**
 * Predicts several clips as `predictClip` does, each into a file or folder of its own. A clip that cannot be read, is
 * too short, or would exceed the available memory is skipped with a warning. With `keepFinished`, an abort returns the
 * finished clips, if there are any.
 * @param sources clips, as `listClips` returns
 * @throws PxvError `OUTPUT`, `USAGE` or `DEPENDENCY`, before any work, if an output cannot be written, exists, or is
 *   one of the clips; `INPUT` if no clip was predicted; other codes as `predictClip`; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, listClips, loadModel, predictClips } from 'pxv';
 *
 * await chooseBackend();
 * const clips = await listClips(['examples/asl_yes.mkv']);
 * await predictClips(loadModel('video-64'), clips, { out: 'guesses/', forecast: 'best-guess', horizon: 2 });
 * ```
 */
export async function predictClips(
  model: Model,
  sources: readonly ClipSource[],
  options: PredictClipsOptions,
): Promise<PredictedClips> {
  const prepared = parseOptions('predict', predictClipsFields, options);
  parseConfiguration(clipSources, sources, { operation: 'predict', argument: 'clips', code: 'USAGE' });
  const { out, kind = 'mp4', onRead, onHindcast, onProgress, onWarning, ...asked } = prepared;
  const { overwrite = false } = asked;
  const { horizon, samples } = resolveHoldOut(asked);
  assertVideoModel(model, 'predict');
  const outputs = outputsOf(sources, out, kind);
  const inputs = [...new Set((await Promise.all(sources.map(({ path }) => listInputFiles(path)))).flat())];
  for (const path of outputs) await checkOutput(path, { overwrite, inputs });
  const framesEach = asked.forecast === 'best-guess' ? horizon : horizon * samples;
  let told = 0;
  const tell = (name: string, done: number) => {
    if (done > told) onProgress?.({ name, done, total: sources.length * framesEach });
    told = done;
  };
  const predictOne = async ({ name, path }: ClipSource, index: number) => ({
    name,
    ...(await predictClip(model, path, {
      ...asked,
      out: outputs[index],
      onRead: (done, total) => onRead?.({ name, done, total }),
      onHindcast: (done, total) => onHindcast?.({ name, done, total }),
      onProgress: (done) => tell(name, index * framesEach + done),
      onWarning: (text) => onWarning?.(`${name}: ${text}`),
    })),
  });
  const onNext = (name: string, clips: number) => tell(name, clips * framesEach);
  const result = await forEachClip(sources, predictOne, { onWarning, onNext }, asked);
  if (result.clips.length > 0) return result;
  const names = sources.map(({ name }) => name).join(', ');
  const expected = 'at least one clip that can be predicted';
  const remedy = 'see the warnings, and give other clips';
  throw errorFactory('INPUT', 'predict')(names, expected, 'none', remedy);
}

/**
 * Returns the output path of each clip. Clip names lose their file extension, unless two outputs would then have the
 * same name.
 * @throws PxvError `USAGE` if `out` is not a folder, or if one output would lie in another
 */
function outputsOf(sources: readonly ClipSource[], out: string, kind: OutputKind): string[] {
  const misused = errorFactory('USAGE', 'predict');
  if (outputKind(out) !== 'folder') {
    const remedy = `give a folder as --out, such as ${join(out, sep)}, and an output format with --format`;
    throw misused(out, 'a folder, for several clips', 'the name of a file', remedy);
  }
  const outputs = namesOf(sources).map((name) => join(out, `${name}${outputEnding(kind)}`));
  const inside = (outer: string) => outputs.findIndex((other) => other.startsWith(`${outer}${sep}`));
  const outer = outputs.find((path) => inside(path) >= 0);
  if (outer === undefined) return kind === 'folder' ? outputs.map(folderPath) : outputs;
  const received = `a folder that contains the output of ${sources[inside(outer)].name}`;
  const remedy = 'choose another --format, or predict these clips one after the other';
  throw misused(outer, 'outputs that do not contain each other', received, remedy);
}

/** Returns a unique name for each clip: without file extension if the name stays unique. */
function namesOf(sources: readonly ClipSource[]): string[] {
  const names = sources.map(({ name }) => clipStem(name));
  for (;;) {
    const shared = names.flatMap((name, i) => (names.indexOf(name) !== names.lastIndexOf(name) ? [i] : []));
    if (shared.length === 0) return names;
    // A full name may equal another name without its extension.
    for (const i of shared) names[i] = sources[i].name;
  }
}
