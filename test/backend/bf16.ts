/** The nearest numbers with 8 bits of mantissa, the even one of two: what a product in bf16 takes. */
export function roundedToBf16(numbers: Float32Array): Float32Array {
  const bits = Uint32Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (word) => {
    const isOdd = (word >>> 16) & 1;
    return ((word + 0x7fff + isOdd) >>> 16) << 16;
  });
  return new Float32Array(bits.buffer);
}

/** Numbers in bf16, two in each float. Around them lies what is not a number, which whoever reads it passes on. */
export function packed(values: Float32Array): Float32Array {
  const rim = 64;
  const halves = new Uint16Array(2 * rim + values.length).fill(0x7fc0);
  new Uint32Array(roundedToBf16(values).buffer).forEach((bits, i) => (halves[rim + i] = bits >>> 16));
  return new Float32Array(halves.buffer, 2 * rim, values.length / 2);
}
