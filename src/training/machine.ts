import { availableParallelism, cpus } from 'node:os';
import { z } from 'zod';
import { currentArithmetic, currentThreads } from '../backend/current-backend.js';
import { lostPrecisionWarning } from '../backend/precision.js';
import { readPackageInfo } from '../foundation/package-folder.js';
import type { RunConfiguration } from './configuration.js';

/** Schema of a line of machine.jsonl: the hardware and software that compute a training from a step on. */
export const machineSchema = z.object({
  /** Number of updates done when the machine took over. */
  step: z.int(),
  /** Name of the CPU, as the operating system reports it. */
  cpu: z.string(),
  /** Number of cores available to the process. */
  cores: z.int(),
  /** Instruction set of the native backend, else the name of the backend. */
  arithmetic: z.string(),
  /** Number of compute threads; null if the backend does not report it. */
  threads: z.int().nullable(),
  /** Version of pxv. */
  pxv: z.string(),
  /** Version of Node.js. */
  node: z.string(),
  /** Operating system and architecture. */
  platform: z.string(),
});

/**
 * Hardware and software that compute a training from a step on: CPU, cores, instruction set or backend, threads,
 * versions and platform.
 */
export type Machine = z.infer<typeof machineSchema>;

/** Returns the description of this machine and the current backend, which take over after `step` updates. */
export function describeMachine(step: number): Machine {
  return {
    step,
    // Some systems report no CPU name.
    cpu: cpus().at(0)?.model.trim() || 'unknown',
    cores: availableParallelism(),
    arithmetic: currentArithmetic(),
    threads: currentThreads(),
    pxv: readPackageInfo().version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/**
 * Returns the configuration with precision float32 if the current backend lacks the configured precision (bf16), so
 * that a recipe trains on any CPU. Returns `configuration` itself if the backend has the precision.
 * @param onWarning called with a line about the change
 */
export function withAvailablePrecision(
  configuration: RunConfiguration,
  onWarning: ((text: string) => void) | undefined,
): RunConfiguration {
  const { training } = configuration;
  const warning = lostPrecisionWarning(training.precision);
  if (warning === null) return configuration;
  onWarning?.(warning);
  return { ...configuration, training: { ...training, precision: 'float32' } };
}
