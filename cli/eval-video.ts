import { resolve } from 'node:path';
import { Command } from 'commander';
import { errorFactory } from '../src/foundation/errors.js';
import { toOneLine } from '../src/foundation/control-characters.js';
import { pickOptions, rolloutSamplingFields, type ParsedOptions } from '../src/foundation/option-fields.js';
import { protocolFlags, scoreClipsFlags, type ScoringProgress } from '../src/commands/evaluate/options.js';
import { prefetchClip } from './prefetch-clip.js';
import type { ProtocolScore, VideoScore } from '../src/commands/evaluate/score-results.js';
import { startWithModel } from './start-backend.js';
import { ABOUT_FUTURES, ABOUT_SIZES, sizeOptions, sizeFlags } from './clip-options.js';
import { skippedLines, hasFailed } from './format-skipped.js';
import { addAction, computing, videoModel, type Action } from './options.js';
import type { CommandContext } from './action.js';
import { STANDARD_STREAM } from './standard-streams.js';

const flags = {
  ...scoreClipsFlags,
  ...protocolFlags,
  ...rolloutSamplingFields,
  model: videoModel,
  ...sizeFlags("the model's"),
  ...computing,
};

/** Returns the `eval-video` command, which scores a model on clips. */
export function createCommand(): Command {
  const evalVideo = new Command('eval-video')
    .description('score clips: bits/dim one step ahead, and forecasts against the true frames')
    .argument('<path...>', 'clips: video files, folders of numbered images, arrays (.npy, .npz), or folders of these')
    .addHelpText('after', [ABOUT_FUTURES, ABOUT_SIZES, EXAMPLES].join('\n'));
  return addAction(evalVideo, flags, evaluate, { shares: true });
}

const EXAMPLES = `
Examples:
  $ pxv eval-video clip.mp4
  $ pxv eval-video clips/ --model runs/mine --horizon 16
  $ pxv eval-video clips/ --starts 8 --samples 8 --codecs
  $ pxv eval-video clips/ --adapt                      with adaptation to each clip
  $ pxv eval-video clips/ --short-side 96              each at its own aspect
  $ pxv eval-video mnist_test_seq.npy --csv scores.csv each sequence of Moving MNIST, as rows for a table
  $ pxv eval-video clips/ --horizon 0 --json           bits/dim only, as JSON
  $ pxv eval-video mnist_test_seq.npy --protocol moving-mnist     beside published results
  $ pxv eval-video clips/ --context 10 --horizon 10 --from 10`;

const evaluate: Action<typeof flags, [string[]]> = async (work, paths, options) => {
  const { progress, processGroup, signal } = work;
  if (paths.length === 1) await prefetchClip(resolve(paths[0]), signal);
  assertCombinable(paths, options);
  const { scoreClips, scoreProtocol } = await import('../src/commands/evaluate/score-clips.js');
  const { protocolText, scoreText } = await import('../src/commands/evaluate/score-tables.js');
  const { model, chosen, seconds } = await startWithModel(options, progress, processGroup);
  const { seed, csv, horizon } = options;
  const resultOf = ({ settings, ...figures }: VideoScore | ProtocolScore, lines: readonly string[], facts = {}) => ({
    text: [...lines, ...skippedLines(figures, 'scored'), csv !== undefined && toOneLine(`${csv}: the scores as CSV`)],
    json: {
      ...{ model: model.name, seed, seconds: seconds(), ...facts, ...settings, ...figures },
      ...{ csv: csv ?? null, ...chosen },
    },
    failed: hasFailed(figures),
  });
  const { protocol, context: given, from } = options;
  if (protocol !== undefined || given !== undefined) {
    const { starts, samples, limit, size, frameRate, fit, overwrite } = options;
    if (fit === 'letterbox') throw misused('--fit', 'crop or stretch with --context', fit, 'give --fit crop');
    const score = await scoreProtocol(model, paths, {
      protocol: protocol ?? { context: given!, horizon, ...(from !== undefined && { from }) },
      ...{ starts, seed, samples, limit, size, frameRate, fit, csv, overwrite },
      ...sharedOptions(options, work),
    });
    return resultOf(score, protocolText(score, model.name));
  }
  const { context, size } = model.chain.exampleShape;
  const score = await scoreClips(model, paths, {
    ...pickOptions(scoreClipsFlags, options),
    ...sizeOptions(options, size),
    ...sharedOptions(options, work),
  });
  return resultOf(score, scoreText(score, size), { context, horizon });
};

/** Checks combinations of arguments and options that no flag excludes. @throws PxvError `USAGE` */
function assertCombinable(paths: readonly string[], options: ParsedOptions<typeof flags>): void {
  const { protocol, context, from, horizon, limit } = options;
  // Clips are read more than once, which standard input does not allow.
  if (paths.includes(STANDARD_STREAM))
    throw misused(STANDARD_STREAM, 'files or folders of clips', 'standard input', 'write the input to a file first');
  if (from !== undefined && context === undefined)
    throw misused('--from', '--context beside it', 'no --context', 'give the number of frames to predict from');
  if (context !== undefined && horizon === 0)
    throw misused('--horizon', '1 or more beside --context', '0', 'give the number of frames to predict');
  if (limit !== undefined && protocol === undefined && context === undefined)
    throw misused('--limit', '--protocol or --context beside it', 'neither', 'give the clips to score by their paths');
}

/** Returns the options that scoring with and without a protocol share: sampling, abort, processes and progress. */
function sharedOptions(options: ParsedOptions<typeof flags>, { signal, progress, processGroup }: CommandContext) {
  return {
    settings: pickOptions(rolloutSamplingFields, options),
    signal,
    keepFinished: true,
    processGroup,
    onWarning: (text: string) => progress.log(`pxv: warning: ${text}`),
    onProgress: ({ done, clips, name, what, frames }: ScoringProgress) =>
      progress.show({
        label: 'eval-video',
        done,
        total: clips,
        unit: 'clips',
        fields: { clip: name, [what]: String(Math.floor(frames)) },
      }),
  };
}

const misused = errorFactory('USAGE', 'eval-video');
