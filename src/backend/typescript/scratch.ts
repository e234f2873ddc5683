/** A work array that only grows, so that a hot call allocates nothing once it is warm. */
export class Scratch {
  private values = new Float32Array(0);

  /** An array of at least `length` values, with whatever the last user left in it. */
  take(length: number): Float32Array {
    if (this.values.length < length) this.values = new Float32Array(length);
    return this.values;
  }
}
