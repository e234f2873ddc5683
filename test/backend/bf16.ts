/** The nearest numbers with 8 bits of mantissa, the even one of two: what a product in bf16 takes. */
export function roundedToBf16(numbers: Float32Array): Float32Array {
  const bits = Uint32Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (word) => {
    const isOdd = (word >>> 16) & 1;
    return ((word + 0x7fff + isOdd) >>> 16) << 16;
  });
  return new Float32Array(bits.buffer);
}
