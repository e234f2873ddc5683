/** Repeatable numbers in [0, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` values, uniform in -1 .. 1, and at least `awayFromZero` in size. */
export function randomFloats(length: number, seed: number, awayFromZero = 0): Float32Array {
  const next = randomNumbers(seed);
  return Float32Array.from({ length }, () => {
    const value = 2 * next() - 1;
    return value + Math.sign(value) * awayFromZero * (1 - Math.abs(value));
  });
}

/** `length` whole numbers, uniform in 0 .. below - 1. */
export function randomInts(length: number, below: number, seed: number): Int32Array {
  const next = randomNumbers(seed);
  return Int32Array.from({ length }, () => Math.floor(next() * below));
}
