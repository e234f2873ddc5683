import { crossEntropyWarning } from '../model/model.js';
import { tf } from '../foundation/tfjs.js';
import { errorFactory } from '../foundation/errors.js';
import { currentArithmetic } from '../backend/current-backend.js';
import { pluralize } from '../foundation/pluralize.js';
import { loadModel, resolveModelFile } from '../model/checkpoint.js';
import type { Chain } from '../model/chain.js';
import { createInitialCheckpoint, type Checkpoint } from '../training/checkpoint.js';
import { ReadOnlyRunFolder, RunFolder } from '../training/run-folder.js';
import { extendLength, type Extension } from '../training/pace.js';
import { parseRunConfiguration, type RunConfiguration } from '../training/configuration.js';
import { EventFile } from '../training/event-file.js';
import { describeMachine } from '../training/machine.js';
import { train, type TrainingResult } from '../training/train.js';
import { assertNotInput } from '../video/index.js';
import { assertTrainingMemory } from './training-memory.js';
import { dataSourceOf } from './data-sources.js';
import { hashDataFiles, type LocatedData } from './training-data.js';
import { parseOptions } from '../options/fields.js';
import {
  trainModelFields,
  trainModelHooks,
  type TrainingInfo,
  type TrainModelHooks,
  type TrainModelSettings,
} from './options.js';
import { assertSame } from '../distributed/assert-same.js';
import { singleProcess, type ProcessGroup } from '../distributed/process-group.js';
import { withAvailablePrecision } from './available-precision.js';
import { DataConsistency } from './data-consistency.js';
import { scoreShipped, type ShippedScore } from './shipped-score.js';
import { createSampleCallback } from './training-samples.js';

/** Result of a training, and its folder. */
export interface TrainedRun extends TrainingResult {
  /** Run folder. */
  output: string;
  /** Facts about the training, as passed to `onStart`. */
  facts: TrainingInfo;
  /** Score of a shipped model on the same held-out frames; null without `compare`, or if there is none to compare. */
  shipped: ShippedScore | null;
}

/**
 * Trains a model on the data of its configuration, in a run folder (see `train`). The folder is locked. The
 * training can be resumed once the data are found. A training that replaces another can be resumed once the data are
 * decoded; until then the other training is kept. A training that needs too much memory is refused before decoding.
 * In a process group, only the main process writes and decides when to stop; all ranks must see the same files.
 * @param out run folder
 * @param configuration null: resume the training in `out`
 * @throws PxvError `USAGE` if the configuration, an option or the number of ranks is invalid; `RESOURCES` if memory or
 *   disk is short; `OUTPUT` if the folder is not free; `CHECKPOINT` without a valid state to resume or model to start
 *   from; `INPUT` if data cannot be read, or a resumed training has changed data; `DEPENDENCY` if FFmpeg is needed and
 *   missing; `DIVERGED` and `INTERRUPTED` as `train`; the signal's reason if aborted
 * @example
 * ```js
 * import { chooseBackend, configureTraining, trainModel } from 'pxv';
 *
 * await chooseBackend();
 * const configuration = await configureTraining({
 *   data: { type: 'clips', frames: ['examples/asl_yes.mkv'] },
 *   model: { hidden: 12, layers: 1, size: { width: 16, height: 16 } },
 *   training: { steps: 2, validations: 1 },
 * });
 * const { step } = await trainModel('runs/mine', configuration, {
 *   onStep: ({ bitsPerDim }) => console.log(bitsPerDim),
 * });
 * console.log(step); // 2
 * ```
 */
export async function trainModel(
  out: string,
  configuration: RunConfiguration | null,
  hooks: TrainModelHooks = {},
  settings: TrainModelSettings = {},
): Promise<TrainedRun> {
  parseOptions('train', trainModelHooks, hooks);
  const asked = parseOptions('train', trainModelFields, settings);
  const { overwrite = false, extension, processGroup = singleProcess } = asked;
  if (configuration !== null) {
    const source = { operation: 'train', argument: 'configuration', code: 'USAGE' } as const;
    parseRunConfiguration(configuration, source);
    assertTrainingMemory(configuration);
  }
  const run = processGroup.isMainProcess ? new RunFolder(out) : new ReadOnlyRunFolder(out);
  const isNew = configuration !== null;
  const leave = await run.enter({ resume: !isNew, overwrite });
  try {
    // No rank reads the folder before the main process has entered it.
    await processGroup.broadcast(null);
    const { chain, checkpoint } = isNew ? createInitialCheckpoint(configuration, loadModel) : run.load();
    try {
      if (!isNew && run.configurationWasChanged(checkpoint.configuration))
        warn(hooks, 'config.json was changed: a training keeps its settings, and the file is restored');
      checkpoint.configuration = withAvailablePrecision(checkpoint.configuration, hooks.onWarning);
      await assertFittingRanks(processGroup, checkpoint);
      if (!isNew) run.finishSave(chain, checkpoint);
      warn(hooks, otherArithmetic(checkpoint));
      const start = extension === undefined ? checkpoint : ofLength(run, checkpoint, extension, hooks);
      return await trainIn(run, chain, start, isNew, hooks, asked);
    } finally {
      tf.dispose(checkpoint.state);
    }
  } finally {
    leave();
  }
}

function warn({ onWarning }: TrainModelHooks, text: string | null): void {
  if (text !== null) onWarning?.(text);
}

/** Returns a warning if a training resumes with other arithmetic, which leads to other weights, else null. */
function otherArithmetic({ arithmetic }: Checkpoint): string | null {
  const now = currentArithmetic();
  if (arithmetic === null || arithmetic === now) return null;
  return (
    `the training was computed with ${arithmetic}, and goes on with ${now}, which rounds differently: ` +
    `its weights will differ from those of a training without a stop, unless --instruction-set and --backend stay`
  );
}

/** Throws if the ranks cannot share the shards evenly, or start from different states. @throws PxvError `USAGE` */
async function assertFittingRanks(processGroup: ProcessGroup, { configuration, step }: Checkpoint): Promise<void> {
  await assertSame(processGroup, 'train', { configuration, step, arithmetic: currentArithmetic() });
  const { shards } = configuration.training;
  if (shards % processGroup.size === 0) return;
  const otherwise = step > 0 ? 'for a training keeps its shards' : 'or give more shards';
  const remedy = `start ${shards === 1 ? 'one rank' : `${shards} ranks or fewer`}, ${otherwise}`;
  const expected = `a multiple of the ${processGroup.size} ranks`;
  throw errorFactory('USAGE', 'train')('--shards', expected, String(shards), remedy);
}

/** Returns a checkpoint whose training has the length of `extension`. */
function ofLength(run: RunFolder, checkpoint: Checkpoint, extension: Extension, hooks: TrainModelHooks): Checkpoint {
  const { configuration, step } = checkpoint;
  const { training } = configuration;
  const length = extendLength(training, step, run.secondsOf(step), extension);
  if ('steps' in extension && training.steps !== null && extension.steps < training.steps) {
    const steps = pluralize(extension.steps, 'step');
    warn(hooks, `the training gets shorter: it ends after ${steps} in all, where ${training.steps} were planned`);
  }
  return { ...checkpoint, configuration: { ...configuration, training: { ...training, ...length } } };
}

async function trainIn(
  run: RunFolder,
  chain: Chain,
  checkpoint: Checkpoint,
  isNew: boolean,
  hooks: TrainModelHooks,
  { extension, acceptChangedData = false, log, compare = false, processGroup = singleProcess }: TrainModelSettings,
): Promise<TrainedRun> {
  const { data: source, training } = checkpoint.configuration;
  if (!isNew) assertTrainingMemory(checkpoint.configuration);
  const same = new DataConsistency(run, checkpoint.dataHashes, acceptChangedData, hooks.onWarning);
  warn(hooks, crossEntropyWarning(checkpoint.configuration.model));
  // If the data cannot be found, nothing of the run is left behind.
  const isListed = checkpoint.dataHashes.files !== null;
  const request = { run, chain, data: source, training, hooks, processGroup, isNew, isListed };
  const found = await dataSourceOf(source).find(request);
  try {
    const list = processGroup.isMainProcess ? await hashDataFiles(found, hooks) : null;
    const listed = list === null ? checkpoint : { ...checkpoint, dataHashes: same.list(list) };
    if (isNew) await assertOutputs(run, checkpoint.configuration, hooks.configurationFile);
    const replaces = isNew && run.hasResults;
    const begin = () => {
      if (list === null) return;
      if (isNew) run.clear();
      if (extension !== undefined || listed.dataHashes !== checkpoint.dataHashes) run.saveTraining(chain, listed);
      run.writeDataList(list);
      run.writeConfiguration(listed.configuration);
      run.cutLog(listed.step);
      run.addMachine(describeMachine(listed.step));
      hooks.onResumable?.();
    };
    // The results of an earlier training are removed only once the data of the new training are open.
    if (!replaces) begin();
    const opened = await openData(run, found, isNew && !replaces, hooks.signal);
    const { data, facts, example = null, scoreModel, ...frames } = opened;
    if (replaces) begin();
    const started: TrainingInfo = {
      parameters: chain.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      step: listed.step,
      data: facts,
    };
    const dataHashes = same.frames(listed.dataHashes, frames);
    const isOther = listed.best !== null && dataHashes.validation !== checkpoint.dataHashes.validation;
    warn(hooks, isOther ? OTHER_VALIDATION : null);
    const known = await processGroup.broadcast({ dataHashes, best: isOther ? null : listed.best });
    const start = { ...listed, ...known };
    hooks.onStart?.(started);
    const { onStep, signal } = hooks;
    const events = log === 'tensorboard' && processGroup.isMainProcess ? new EventFile(run.path, start.step) : null;
    const previousFrame = 'previous-frame' in facts.baselines ? facts.baselines['previous-frame'] : null;
    const sampling = { sheets: run.samples, events, signal };
    const onValidated = createSampleCallback(chain, listed.configuration, example, sampling);
    const result = await train(chain, start, { ...data, previousFrame }, run, {
      ...(onStep && { onStep }),
      ...(events && { onEntry: (entry) => events.add(entry) }),
      ...(processGroup.isMainProcess && { onValidated }),
      ...(signal && { signal }),
      processGroup,
    });
    const isCompared = compare && result.best !== null && result.best.step > 0;
    const shipped = isCompared ? await scoreShipped(scoreModel, training.from, processGroup, hooks.onCompare) : null;
    return { ...result, output: run.path, facts: started, shipped };
  } finally {
    await found.close();
  }
}

/** Warning about changed held-out data: validations before and after cannot be compared. */
const OTHER_VALIDATION =
  'the validation data have changed, and may overlap the training data: the best result so far is forgotten, ' +
  'and the next validation decides which weights are the best';

/**
 * Opens the data. If a new training cannot open the data, nothing is left to resume. A new training that is interrupted
 * can be resumed, unless it replaces another.
 * @param isBegun true if the results in the folder are those of this new training
 */
async function openData<Facts>(run: RunFolder, found: LocatedData<Facts>, isBegun: boolean, signal?: AbortSignal) {
  try {
    return await found.open();
  } catch (error) {
    signal?.throwIfAborted();
    if (isBegun) run.clear();
    throw error;
  }
}

/** Throws if an output of the run would replace an input. @throws PxvError `USAGE` */
async function assertOutputs(run: RunFolder, { data, training }: RunConfiguration, file: string | undefined) {
  const inputs = dataSourceOf(data).inputs(data);
  for (const path of [run.path, run.frames]) await assertNotInput(path, inputs);
  const read = [file ?? [], training.from === null ? [] : resolveModelFile(training.from)].flat();
  for (const path of run.outputPaths) await assertNotInput(path, read);
}
