import type { Tensor } from '@tensorflow/tfjs-core';
import type { Size } from '../foundation/frame.js';
import type { Network } from '../model/network.js';
import type { ReceptiveFields } from './receptive-fields.js';

export type CheckName = 'masks' | 'causality' | 'context' | 'trained context' | 'likelihood' | 'probabilities';

/** What one check found: a line of the table. */
export interface Finding {
  /** Which check it was. */
  check: CheckName;
  /** The size of the images that it was made on. */
  size: Size;
  /** `reported`: something to know, which nothing is wrong with. */
  result: 'passed' | 'failed' | 'reported';
  /** The finding itself, in words. */
  found: string;
}

/** How far a check has come. */
export interface CheckProgress extends Pick<Finding, 'check' | 'size'> {
  done: number;
  total: number;
  /** What they count, in the plural. */
  unit: string;
}

export interface CheckSettings {
  seed: bigint | number;
  /** Whether all of it is done at the network's own size, whatever the work. Default: at smaller ones where it is much. */
  whole?: boolean | undefined;
  onProgress?: ((progress: CheckProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A network at one size, and what it is checked with. */
export interface CheckedNetwork extends CheckSettings {
  network: Network;
  /** In the order of `network.parameters`. */
  parameters: readonly Tensor[];
  /** The context that is promised. */
  fields: ReceptiveFields;
}

/** Faults shown in a finding; the others are counted. */
const SHOWN = 3;

/** A finding that passes where there are no faults, and says `fine`; else it fails and shows the first of them. */
export function makeFinding(check: CheckName, size: Size, faults: readonly string[], fine: string): Finding {
  if (faults.length === 0) return { check, size, result: 'passed', found: fine };
  const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} more` : '';
  return { check, size, result: 'failed', found: faults.slice(0, SHOWN).join('; ') + more };
}
