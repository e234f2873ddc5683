import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunFolder } from '../../src/training/run-folder.js';

/** Returns the results in a run folder: the training state, the best model, and the log without its times. */
export function trainedIn(run: string) {
  const [state, best] = ['training.safetensors', 'model.safetensors'].map((name) =>
    readFileSync(join(run, name)).toString('latin1'),
  );
  const log = new RunFolder(run).readLog().map((entry) => ({ ...entry, seconds: 0, validationSeconds: 0 }));
  return { state, best, log };
}
