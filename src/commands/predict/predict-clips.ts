import { z } from 'zod';
import { errorFactory } from '../../foundation/errors.js';
import type { Model } from '../../model/model.js';
import { parseConfiguration } from '../../foundation/parse-configuration.js';
import { checkOutput, listInputFiles, type ClipSource } from '../../video/index.js';
import { forEachClip, type SkippedClip } from '../for-each-clip.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { countRequestedFrames } from './frame-range.js';
import { predictClipsFields } from './options.js';
import { outputsInFolder } from './output-paths.js';
import { resolveSampling, writePrediction, type PredictedClip } from './predict-clip.js';

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
  const parsed = parseOptions('predict', predictClipsFields, options);
  parseConfiguration(clipSources, sources, { operation: 'predict', argument: 'clips', code: 'USAGE' });
  const { out, kind = 'mp4', onRead, onHindcast, onProgress, onWarning, ...shared } = parsed;
  const settings = resolveSampling(model, parsed);
  const outputs = outputsInFolder(sources, out, kind);
  const inputs = await Promise.all(sources.map(({ path }) => listInputFiles(path)));
  const { overwrite = false, forecast, samples } = parsed;
  const allInputs = [...new Set(inputs.flat())];
  for (const path of outputs) await checkOutput(path, { overwrite, inputs: allInputs });

  const framesEach = countRequestedFrames(parsed) * (forecast === 'best-guess' ? 1 : samples);
  let reported = 0;
  const report = (name: string, done: number) => {
    if (done > reported) onProgress?.({ name, done, total: sources.length * framesEach });
    reported = done;
  };
  const predictOne = async ({ name, path }: ClipSource, index: number) => ({
    name,
    ...(await writePrediction(model, path, inputs[index], {
      ...shared,
      settings,
      out: outputs[index],
      onRead: (done, total) => onRead?.({ name, done, total }),
      onHindcast: (done, total) => onHindcast?.({ name, done, total }),
      onProgress: (done) => report(name, index * framesEach + done),
      onWarning: (text) => onWarning?.(`${name}: ${text}`),
    })),
  });
  const onNext = (name: string, clips: number) => report(name, clips * framesEach);
  const result = await forEachClip(sources, predictOne, { onWarning, onNext }, parsed);
  if (result.clips.length > 0) return result;
  const names = sources.map(({ name }) => name).join(', ');
  const expected = 'at least one clip that can be predicted';
  const remedy = 'see the warnings, and give other clips';
  throw errorFactory('INPUT', 'predict')(names, expected, 'none', remedy);
}
