import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { findCompanionPackage } from '../foundation/companion-packages.js';
import { packageFolder } from '../foundation/package-folder.js';

const aboutSchema = z.strictObject({
  /** Purpose of the model, in a few words. */
  for: z.string().min(1),
  /** Training data, in a few words. */
  learnedFrom: z.string().min(1),
  /** Score on data outside the training data; docs/results.md and docs/measurements.md describe the measurement. */
  score: z.strictObject({
    value: z.number().positive(),
    unit: z.enum(['bits/dim', 'nats/image', 'nats/frame']),
    on: z.string(),
  }),
});

/** Information on a shipped model, for people: purpose, training data and score. @interface */
export type ShippedModelInfo = z.infer<typeof aboutSchema>;

const folder = join(packageFolder(), 'models');
const fileOf = (name: string) => `${name}.safetensors`;

/** Returns the existing model folders: this package's, and that of the companion package of rarely used models. */
function folders(): string[] {
  const companion = findCompanionPackage('models')?.folder;
  return [folder, ...(companion ? [join(companion, 'models')] : [])].filter((path) => existsSync(path));
}

/** Returns the sorted names of the shipped models that are installed. */
export function listShippedModels(): string[] {
  const files = folders().flatMap((path) => readdirSync(path));
  return files
    .filter((file) => file.endsWith('.safetensors'))
    .map((file) => basename(file, '.safetensors'))
    .sort();
}

/** Returns the path of a shipped model's file; if no such model is installed, the path that its file would have. */
export function shippedModelFile(name: string): string {
  const paths = folders().map((path) => join(path, fileOf(name)));
  return paths.find((path) => existsSync(path)) ?? join(folder, fileOf(name));
}

/** Returns the command that installs a shipped model. Returns null if there is no such model, or it is installed. */
export function installCommandOf(name: string): string | null {
  const companion = findCompanionPackage('models');
  const isElsewhere =
    companion?.folder === null && Object.keys(readAbout()).includes(name) && !listShippedModels().includes(name);
  return isElsewhere ? `npm install ${companion.specifier}` : null;
}

/** Returns the entry of a shipped model in models/models.json; null if the model is not installed or has no entry. */
export function describeShippedModel(name: string): ShippedModelInfo | null {
  return listShippedModels().includes(name) ? (readAbout()[name] ?? null) : null;
}

function readAbout(): Record<string, ShippedModelInfo> {
  const path = join(folder, 'models.json');
  return z.record(z.string(), aboutSchema).parse(JSON.parse(readFileSync(path, 'utf8')));
}
