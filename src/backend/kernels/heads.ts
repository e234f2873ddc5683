import { double, flag, integer } from './description.js';

/** Scalar arguments that describe the mixture of a head. */
export interface MixtureNumbers {
  /** Number of components of the mixture; 0: none. */
  components: number;
  /**
   * Factor from an output of the network to the distance of a mean from its anchor, in levels; 0 without components.
   */
  meanScale: number;
  /** True if one component is drawn for all colours of a pixel. */
  together: boolean;
}

/** Numbers that the outputs of a head depend on. */
export type HeadSize = Pick<MixtureNumbers, 'components' | 'together'> & {
  /** Number of levels of a sub-pixel. */
  levels: number;
  /** Number of colours of a pixel. */
  colours: number;
};

/** Description of a head to kernels. */
interface HeadKernel {
  /** Maximum number of levels, 2 to 256. */
  maxLevels: number;
  /** Minimum number of components. */
  minComponents: number;
  /** Returns the number of outputs of the network for the colour `colour` of a pixel. */
  outputs(size: HeadSize, colour: number): number;
}

/**
 * Heads that kernels compute, by type. Their order gives the values of the enumeration `HeadKind` in C++, which
 * scripts/write-kernel-table.mjs writes: a new head comes last.
 */
export const headKernels = {
  softmax: { maxLevels: 256, minComponents: 0, outputs: ({ levels }) => levels },
  sigmoid: { maxLevels: 2, minComponents: 0, outputs: () => 1 },
  'logistic-mixture': {
    maxLevels: 256,
    minComponents: 1,
    // With colours together each component of a colour has a linear term from each colour before it.
    outputs: ({ components, together }, colour) => (3 + (together ? colour : 0)) * components,
  },
  'grey-sigmoid': { maxLevels: 256, minComponents: 0, outputs: () => 1 },
} as const satisfies Record<string, HeadKernel>;

/** Type of a head. */
export type HeadType = keyof typeof headKernels;

/** Types of all heads; the index of a type is its value of `HeadKind` in C++. */
export const headTypes = Object.keys(headKernels) as HeadType[];

/** Returns the number of outputs of the network for each colour of a pixel, in order. */
export function headOutputs(type: HeadType, size: HeadSize): number[] {
  return Array.from({ length: size.colours }, (_, colour) => headKernels[type].outputs(size, colour));
}

/** Types of the scalar arguments that describe a head. */
export const headFields = {
  headKind: integer(0, headTypes.length - 1),
  levels: integer(2, 256),
  components: integer(0, 32),
  meanScale: double,
  together: flag,
};

/**
 * Returns values that must be 0 or more for a head to read and write within its arrays: see `KernelDescription.limits`.
 */
export function headLimits(of: HeadSize & { headKind: number; outFeatures: number }): Record<string, number> {
  const type = headTypes[of.headKind];
  const { maxLevels, minComponents } = headKernels[type];
  return {
    'outputs beyond those of the head': of.outFeatures - headOutputs(type, of).reduce((sum, count) => sum + count),
    'levels that the head lacks': maxLevels - of.levels,
    'components beyond the first': of.components - minComponents,
  };
}
