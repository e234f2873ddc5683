/**
 * Name of a tensor's rank: `R` and the number of axes. The types in this file replace those of tfjs in the package's
 * declarations (`scripts/detach-types.mjs`). Declarations of tfjs import those of WebGPU, which clash with TypeScript's
 * own under `skipLibCheck: false`. The public API needs no more of a tensor.
 */
export type Rank = 'R0' | 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6';

/** Tensor of TensorFlow.js, as far as the public API needs its members. */
export interface Tensor<R extends Rank = Rank> {
  readonly rankType: R;
  /** Length of each axis. */
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Frees the memory; the tensor cannot be used afterwards. */
  dispose(): void;
}

/** Tensor without axes: one number. */
export type Scalar = Tensor<'R0'>;
/** Tensor with two axes. */
export type Tensor2D = Tensor<'R2'>;
/** Tensor with four axes: batch, height, width and channels if it holds images. */
export type Tensor4D = Tensor<'R4'>;
