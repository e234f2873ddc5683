import { availableParallelism, cpus } from 'node:os';
import { z } from 'zod';
import { currentArithmetic, currentThreads } from '../backend/current-backend.js';
import { readPackageInfo } from '../foundation/package-folder.js';

/** Schema of the hardware and software that compute a training, as in a line of machine.jsonl. */
const machineSchema = z.object({
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
 * Hardware and software that compute a training: CPU, cores, instruction set or backend, threads, versions and
 * platform.
 */
export type Machine = z.infer<typeof machineSchema>;

/** Schema of a line of machine.jsonl: a machine, and the number of updates done when the machine took over. */
export const machineLineSchema = z.object({ step: z.int(), ...machineSchema.shape });

/** Returns the description of this machine and the current backend. */
export function describeMachine(): Machine {
  return {
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
