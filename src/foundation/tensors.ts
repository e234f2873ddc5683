/**
 * Rank of a tensor. The types in this file replace those of tfjs in the package's declarations
 * (`scripts/detach-types.mjs`). Declarations of tfjs import those of WebGPU, which clash with TypeScript's own under
 * `skipLibCheck: false`. The public API needs no more of a tensor.
 */
export type Rank = 'R0' | 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6';

/** Tensor of TensorFlow.js, as far as the public API needs its members. */
export interface Tensor<R extends Rank = Rank> {
  readonly rankType: R;
  readonly shape: readonly number[];
  readonly size: number;
  dispose(): void;
}

export type Scalar = Tensor<'R0'>;
export type Tensor2D = Tensor<'R2'>;
export type Tensor4D = Tensor<'R4'>;
