import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunFolder } from '../../src/training/run-folder.js';

/** What a training has made in its folder: the state with the optimiser's, the best model, the log without times. */
export function trainedIn(run: string) {
  const [state, best] = ['training.safetensors', 'model.safetensors'].map((name) =>
    readFileSync(join(run, name)).toString('latin1'),
  );
  const log = new RunFolder(run).readLog().map((entry) => ({ ...entry, seconds: 0, validationSeconds: 0 }));
  return { state, best, log };
}
