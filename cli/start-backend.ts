import type { BackendOptions, ChosenBackend } from '../src/backend/choose-backend.js';
import { pickOptions } from '../src/foundation/option-fields.js';
import { computing } from './options.js';
import { threadsPerRank } from '../src/distributed/launch.js';
import { singleProcess } from '../src/distributed/process-group.js';
import type { Progress } from './progress.js';

/**
 * Starts the backend that a command's options choose, and logs the backend's note, if any. Without the options
 * `threads` and `backend`, ranks on one machine share its cores.
 * @param processGroup ranks that share the work; their backends are compared
 * @returns facts about the backend for `--json`
 * @throws PxvError as `chooseBackend`; `USAGE` if ranks differ in backend or instruction set
 */
export async function startBackend(
  options: BackendOptions,
  progress: Progress,
  processGroup = singleProcess,
): Promise<Omit<ChosenBackend, 'note'>> {
  const { chooseBackend } = await import('../src/backend/choose-backend.js');
  const threads = processGroup.size === 1 ? undefined : threadsPerRank();
  const { note, ...chosen } = await chooseBackend({
    ...(threads !== undefined && options.backend === undefined && { threads }),
    ...pickOptions(computing, options),
  });
  if (note !== null) progress.log(`pxv: ${note}`);
  if (processGroup.size > 1) {
    const { assertSame } = await import('../src/distributed/assert-same.js');
    const { backend, instructionSet } = chosen;
    await assertSame(processGroup, 'choose backend', { backend, instructionSet });
  }
  return chosen;
}

/**
 * Loads the model of `--model` (default: `DEFAULT_VIDEO_MODEL`) and starts the backend.
 * @returns model, facts about the backend, and `seconds`, which returns the seconds since the backend was started
 * @throws PxvError as `loadModel` and `startBackend`
 */
export async function startWithModel(
  options: BackendOptions & { model?: string | undefined },
  progress: Progress,
  processGroup = singleProcess,
) {
  const { loadModel, DEFAULT_VIDEO_MODEL } = await import('../src/model/checkpoint.js');
  const model = loadModel(options.model ?? DEFAULT_VIDEO_MODEL);
  const chosen = await startBackend(options, progress, processGroup);
  const started = performance.now();
  return { model, chosen, seconds: () => (performance.now() - started) / 1000 };
}
