import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { packageFolder } from '../foundation/package-folder.js';

const aboutSchema = z.strictObject({
  /** What it is for, in a few words. */
  for: z.string().min(1),
  learnedFrom: z.string().min(1),
  /** On what it has not learned from; docs/results.md and docs/measurements.md say how it was measured. */
  score: z.strictObject({ value: z.number().positive(), unit: z.enum(['bits/dim', 'nats/image']), on: z.string() }),
});

/** What is said of a model that ships. */
export type AboutModel = z.infer<typeof aboutSchema>;

const folder = join(packageFolder(), 'models');

/** Names of the models that ship with the package. */
export function shippedModels(): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  return files.map((file) => basename(file, '.safetensors')).sort();
}

/** The file of a shipped model, which need not be there. */
export function shippedFile(name: string): string {
  return join(folder, `${name}.safetensors`);
}

/** What is said of a model of this name in models/models.json; null where it is not one that ships. */
export function aboutShipped(name: string): AboutModel | null {
  if (!shippedModels().includes(name)) return null;
  const all = z.record(z.string(), aboutSchema).parse(JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8')));
  return all[name] ?? null;
}
