import { crossEntropyWarning } from '../../model/model.js';
import { tf } from '../../foundation/tfjs.js';
import { errorFactory } from '../../foundation/errors.js';
import { currentArithmetic } from '../../backend/current-backend.js';
import { pluralize } from '../../foundation/pluralize.js';
import { loadModel, resolveModelFile } from '../../model/checkpoint.js';
import type { Chain } from '../../model/chain.js';
import { createInitialCheckpoint, type Checkpoint, type DataHashes } from '../../training/training-checkpoint.js';
import { ReadOnlyRunFolder, RunFolder } from '../../training/run-folder.js';
import { extendLength, type Extension } from '../../training/pace.js';
import { parseRunConfiguration, type RunConfiguration } from '../../training/configuration.js';
import { EventFile } from '../../training/event-file.js';
import { describeMachine, withAvailablePrecision } from '../../training/machine.js';
import { train, type TrainingResult } from '../../training/training-loop.js';
import { assertNotInput } from '../../video/index.js';
import { assertTrainingMemory } from './training-memory.js';
import { dataSourceOf } from './data-sources.js';
import type { LocatedData, OpenData } from './data-source.js';
import { parseOptions } from '../../foundation/option-fields.js';
import {
  trainModelFields,
  trainModelHooks,
  type TrainingInfo,
  type TrainModelHooks,
  type TrainModelSettings,
} from './options.js';
import { assertSame } from '../../distributed/assert-same.js';
import { singleProcess, type ProcessGroup } from '../../distributed/process-group.js';
import { DataConsistency, hashDataFiles } from './data-consistency.js';
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
  const {
    overwrite = false,
    processGroup = singleProcess,
    ...others
  } = parseOptions('train', trainModelFields, settings);
  if (configuration !== null) {
    parseRunConfiguration(configuration, { operation: 'train', argument: 'configuration', code: 'USAGE' });
    assertTrainingMemory(configuration);
  }
  const isNew = configuration !== null;
  const run = processGroup.isMainProcess ? new RunFolder(out) : new ReadOnlyRunFolder(out);
  const leave = await run.enter({ resume: !isNew, overwrite });
  try {
    // No rank reads the folder before the main process has entered it.
    await processGroup.broadcast(null);
    const { chain, checkpoint } = isNew ? createInitialCheckpoint(configuration, loadModel) : run.load();
    const training: Training = { ...others, run, chain, isNew, hooks, processGroup };
    try {
      const start = await prepareCheckpoint(training, checkpoint);
      return await trainOnData(training, start);
    } finally {
      tf.dispose(checkpoint.state);
    }
  } finally {
    leave();
  }
}

/** Training in a run folder, new or resumed, with its hooks and settings. */
interface Training extends Omit<TrainModelSettings, 'overwrite'> {
  run: RunFolder;
  chain: Chain;
  isNew: boolean;
  hooks: TrainModelHooks;
  processGroup: ProcessGroup;
}

/**
 * Returns a checkpoint adapted to this machine and to the length in the settings. Warns of what is changed, and of
 * settings that lead to other weights.
 * @throws PxvError `USAGE` if the ranks do not fit, or the length is too short; `RESOURCES` if a resumed training needs
 *   too much memory; `OUTPUT` if the model of a resumed training cannot be saved
 */
async function prepareCheckpoint(training: Training, loaded: Checkpoint): Promise<Checkpoint> {
  const { run, chain, isNew, hooks, extension, processGroup } = training;
  if (!isNew && run.configurationWasChanged(loaded.configuration))
    warn(hooks, 'config.json was changed: a training keeps its settings, and the file is restored');
  const configuration = withAvailablePrecision(loaded.configuration, hooks.onWarning);
  const checkpoint = { ...loaded, configuration };
  await assertFittingRanks(processGroup, checkpoint);
  if (!isNew) run.finishSave(chain, checkpoint);
  warn(hooks, otherArithmetic(checkpoint));
  const start = extension === undefined ? checkpoint : withLength(training, checkpoint, extension);
  if (!isNew) assertTrainingMemory(start.configuration);
  warn(hooks, crossEntropyWarning(start.configuration.model));
  return start;
}

/** Finds and opens the data of a training, compares them with those of an earlier run, and trains on them. */
async function trainOnData(training: Training, checkpoint: Checkpoint): Promise<TrainedRun> {
  const { run, isNew, hooks, acceptChangedData = false, compare = false, processGroup } = training;
  const { configuration } = checkpoint;
  // If the data cannot be found, nothing of the run is left behind.
  const found = await findData(training, checkpoint);
  try {
    const consistency = new DataConsistency(run, checkpoint.dataHashes, acceptChangedData, hooks.onWarning);
    const list = processGroup.isMainProcess ? await hashDataFiles(found, hooks) : null;
    const dataHashes = list === null ? checkpoint.dataHashes : consistency.list(list);
    if (isNew) await assertOutputs(run, configuration, hooks.configurationFile);
    const replaces = isNew && run.hasResults;
    const begin = () => list !== null && beginRun(training, checkpoint, dataHashes, list);
    // The results of an earlier training are removed only once the data of the new training are open.
    if (!replaces) begin();
    const opened = await openData(run, found, isNew && !replaces, hooks.signal);
    if (replaces) begin();
    const hashes = consistency.frames(dataHashes, opened);
    const isOther = checkpoint.best !== null && hashes.validation !== checkpoint.dataHashes.validation;
    warn(hooks, isOther ? OTHER_VALIDATION : null);
    const known = { dataHashes: hashes, best: isOther ? null : checkpoint.best };
    const start = { ...checkpoint, ...(await processGroup.broadcast(known)) };
    const parameters = start.state.weights.reduce((sum, { size }) => sum + size, 0);
    const facts: TrainingInfo = { parameters, step: start.step, data: opened.facts };
    hooks.onStart?.(facts);
    const result = await trainInFolder(training, start, opened);
    const isCompared = compare && result.best !== null && result.best.step > 0;
    const shipped = isCompared
      ? await scoreShipped(opened.scoreModel, configuration.training.from, processGroup, hooks.onCompare)
      : null;
    return { ...result, output: run.path, facts, shipped };
  } finally {
    await found.close();
  }
}

/** Finds the data of a training, without opening them. */
function findData({ run, chain, isNew, hooks, processGroup }: Training, { configuration, dataHashes }: Checkpoint) {
  const { data, training } = configuration;
  const isListed = dataHashes.files !== null;
  return dataSourceOf(data).find({ run, chain, data, training, hooks, processGroup, isNew, isListed });
}

/**
 * Makes the run folder that of a training: clears it for a new one, and writes what a resumed training needs.
 * @param list text of the list of files
 */
function beginRun(training: Training, checkpoint: Checkpoint, dataHashes: DataHashes, list: string): void {
  const { run, chain, isNew, hooks, extension } = training;
  const { configuration, step } = checkpoint;
  if (isNew) run.clear();
  if (extension !== undefined || dataHashes !== checkpoint.dataHashes)
    run.saveTraining(chain, { ...checkpoint, dataHashes });
  run.writeDataList(list);
  run.writeConfiguration(configuration);
  run.cutLog(step);
  run.addMachine(describeMachine(step));
  hooks.onResumable?.();
}

/** Trains on opened data, and writes the log and the samples. */
async function trainInFolder(
  { run, chain, hooks, log, processGroup }: Training,
  start: Checkpoint,
  { data, facts: { baselines }, example = null }: OpenData<TrainingInfo['data']>,
): Promise<TrainingResult> {
  const { onStep, signal } = hooks;
  const events = log === 'tensorboard' && processGroup.isMainProcess ? new EventFile(run.path, start.step) : null;
  const previousFrame = 'previous-frame' in baselines ? baselines['previous-frame'] : null;
  const sampling = { sheets: run.samples, events, signal };
  const onValidated = createSampleCallback(chain, start.configuration, example, sampling);
  return train(chain, start, { ...data, previousFrame }, run, {
    ...(onStep && { onStep }),
    ...(events && { onEntry: (entry) => events.add(entry) }),
    ...(processGroup.isMainProcess && { onValidated }),
    ...(signal && { signal }),
    processGroup,
  });
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
function withLength({ run, hooks }: Training, checkpoint: Checkpoint, extension: Extension): Checkpoint {
  const { configuration, step } = checkpoint;
  const { training } = configuration;
  const length = extendLength(training, step, run.secondsOf(step), extension);
  if ('steps' in extension && training.steps !== null && extension.steps < training.steps) {
    const steps = pluralize(extension.steps, 'step');
    warn(hooks, `the training gets shorter: it ends after ${steps} in all, where ${training.steps} were planned`);
  }
  return { ...checkpoint, configuration: { ...configuration, training: { ...training, ...length } } };
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
