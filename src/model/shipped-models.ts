import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { findCompanionPackage } from '../foundation/companion-packages.js';
import { packageFolder } from '../foundation/package-folder.js';

const aboutSchema = z.strictObject({
  /** What it is for, in a few words. */
  for: z.string().min(1),
  /** The data that it learned from, in a few words. */
  learnedFrom: z.string().min(1),
  /** On what it has not learned from; docs/results.md and docs/measurements.md say how it was measured. */
  score: z.strictObject({ value: z.number().positive(), unit: z.enum(['bits/dim', 'nats/image']), on: z.string() }),
});

/** What is said of a model that ships. */
export type ShippedModelInfo = z.infer<typeof aboutSchema>;

const folder = join(packageFolder(), 'models');
const fileOf = (name: string) => `${name}.safetensors`;

/** The folders that hold models: this package's own, and that of the companion package with those that are rarely used. */
function folders(): string[] {
  const companion = findCompanionPackage('models')?.folder;
  return [folder, ...(companion ? [join(companion, 'models')] : [])].filter((path) => existsSync(path));
}

/** Names of the models that ship with the package and are here. */
export function listShippedModels(): string[] {
  const files = folders().flatMap((path) => readdirSync(path));
  return files
    .filter((file) => file.endsWith('.safetensors'))
    .map((file) => basename(file, '.safetensors'))
    .sort();
}

/** The file of a shipped model, which need not be there. */
export function shippedModelFile(name: string): string {
  const paths = folders().map((path) => join(path, fileOf(name)));
  return paths.find((path) => existsSync(path)) ?? join(folder, fileOf(name));
}

/** What installs a shipped model that is not here, as one types it; null where there is no such model, or it is here. */
export function installCommandOf(name: string): string | null {
  const companion = findCompanionPackage('models');
  const isElsewhere =
    companion?.folder === null && Object.keys(readAbout()).includes(name) && !listShippedModels().includes(name);
  return isElsewhere ? `npm install ${companion.specifier}` : null;
}

/** What is said of a model of this name in models/models.json; null where it is not one that ships. */
export function describeShippedModel(name: string): ShippedModelInfo | null {
  return listShippedModels().includes(name) ? (readAbout()[name] ?? null) : null;
}

function readAbout(): Record<string, ShippedModelInfo> {
  const path = join(folder, 'models.json');
  return z.record(z.string(), aboutSchema).parse(JSON.parse(readFileSync(path, 'utf8')));
}
