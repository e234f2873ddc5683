import type { BackendOptions, ChosenBackend } from '../src/backend/choose-backend.js';
import type { Progress } from './progress.js';

/** Starts the backend that the options ask for, and says what the user should know of it; what `--json` tells of it. */
export async function startComputing(
  options: BackendOptions,
  progress: Progress,
): Promise<Omit<ChosenBackend, 'note'>> {
  const { chooseBackend } = await import('../src/backend/choose-backend.js');
  const { note, ...chosen } = await chooseBackend(options);
  if (note !== null) progress.say(`pxv: ${note}`);
  return chosen;
}
