/**
 * Tensors as the package's declarations know them: `scripts/detach-types.mjs` puts these types in the place of tfjs's there.
 * Those draw WebGPU's declarations in, which clash with TypeScript's own where a user's program is checked whole. Nothing in
 * the public API needs more of a tensor than this.
 */
export type Rank = 'R0' | 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6';

export interface Tensor<R extends Rank = Rank> {
  readonly rankType: R;
  readonly shape: readonly number[];
  readonly size: number;
  dispose(): void;
}

export type Scalar = Tensor<'R0'>;
export type Tensor2D = Tensor<'R2'>;
export type Tensor4D = Tensor<'R4'>;
