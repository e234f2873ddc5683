import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { currentArithmetic, currentThreads } from '../backend/current-backend.js';
import { packageFolder } from '../foundation/package-folder.js';

/** What computes a training: a line of machine.jsonl. */
export const machineSchema = z.object({
  /** As the system names it. */
  cpu: z.string(),
  /** Cores that the process may use. */
  cores: z.int(),
  /** See `currentArithmetic`. */
  arithmetic: z.string(),
  /** That compute; null where the backend does not say. */
  threads: z.int().nullable(),
  pxv: z.string(),
  node: z.string(),
  /** Operating system and architecture. */
  platform: z.string(),
});

export type Machine = z.infer<typeof machineSchema>;

/** A machine, and the step from which on it computed. */
export const machineLineSchema = z.object({ step: z.int(), ...machineSchema.shape });

/** This machine, as it computes now. */
export function describeMachine(): Machine {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return {
    // Some systems do not name it.
    cpu: cpus().at(0)?.model.trim() || 'unknown',
    cores: availableParallelism(),
    arithmetic: currentArithmetic(),
    threads: currentThreads(),
    pxv: version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
