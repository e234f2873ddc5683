import type { Tensor } from '@tensorflow/tfjs-core';
import type { Size } from '../../foundation/frame.js';
import type { Network } from '../../model/network.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import type { checkModelFields } from './options.js';

/**
 * Name of a check. In order: causality of the outputs; agreement of sampling and scoring; sums of probabilities.
 * @inline
 */
export type CheckName = 'causality' | 'likelihood' | 'probabilities';

/** Result of one check: a row of the table of `pxv check`. */
export interface Finding {
  /** Name of the check. */
  check: CheckName;
  /** Size of the images that were checked. */
  size: Size;
  /** Outcome of the check. */
  result: 'passed' | 'failed';
  /** Description of the finding in words. */
  found: string;
}

/** Progress of a check. */
export interface CheckProgress extends Pick<Finding, 'check' | 'size'> {
  /** Number of finished units. */
  done: number;
  /** Number of all units. */
  total: number;
  /** Unit of `done` and `total`, in the plural. */
  unit: string;
}

/** Options for checks of a network: those of `checkModel`, without its size. */
export interface CheckSettings extends Omit<ParsedOptions<typeof checkModelFields>, 'size'> {
  /** True to run all checks at the network's own size. Default: false, for smaller sizes if the work would be large. */
  whole?: boolean | undefined;
}

/** Network to check at one size, with its parameters. */
export interface CheckedNetwork extends CheckSettings {
  network: Network;
  /** Tensors in the order of `network.parameters`. */
  parameters: readonly Tensor[];
}

/** Maximum number of faults shown in a finding; further faults are counted. */
const SHOWN = 3;

/**
 * Makes the finding of a check from its faults. Without faults, the result is 'passed', with the text `fine`. Else the
 * result is 'failed', with the first three faults and the number of the others.
 */
export function makeFinding(check: CheckName, size: Size, faults: readonly string[], fine: string): Finding {
  if (faults.length === 0) return { check, size, result: 'passed', found: fine };
  const more = faults.length > SHOWN ? `; and ${faults.length - SHOWN} more` : '';
  return { check, size, result: 'failed', found: faults.slice(0, SHOWN).join('; ') + more };
}
