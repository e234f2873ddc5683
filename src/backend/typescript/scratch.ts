/**
 * A work array that only grows, so that a hot call allocates nothing once it is warm. What products read is in float64, which JavaScript
 * computes in: it is brought to it once, and not for each product.
 */
export class Scratch<Values extends Float32Array | Float64Array> {
  private values: Values;

  constructor(private readonly kind: new (length: number) => Values) {
    this.values = new kind(0);
  }

  /** An array of at least `length` values, with whatever the last user left in it. */
  take(length: number): Values {
    if (this.values.length < length) this.values = new this.kind(length);
    return this.values;
  }
}
