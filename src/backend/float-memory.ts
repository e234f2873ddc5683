/** Where tensors of the kernels lie. */
export interface FloatMemory {
  /** An array with unspecified contents. Throws RESOURCES where there is no room for it. */
  make(length: number): Float32Array;
  /** Gives back what `make` gave; nobody may read it afterwards. */
  free(values: Float32Array): void;
  /** Whether arrays that lie elsewhere are copied at each call. */
  readonly copiesOthers: boolean;
}
