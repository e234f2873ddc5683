/**
 * Throws, naming `where`, at the first value that is further from its expected one than `tolerance` allows, which is
 * relative to the expected value or to 1, whichever is larger.
 */
export function expectClose(
  where: string,
  tolerance: number,
  expected: ArrayLike<number>,
  received: ArrayLike<number>,
): void {
  if (received.length !== expected.length)
    throw new Error(`${where}: expected ${expected.length} values, received ${received.length}`);
  for (let i = 0; i < expected.length; i++) {
    const allowed = tolerance * Math.max(1, Math.abs(expected[i]));
    const error = Math.abs(received[i] - expected[i]);
    if (!(error <= allowed))
      throw new Error(
        `${where}: index ${i}: expected ${expected[i]}, received ${received[i]} (error ${error}, allowed ${allowed})`,
      );
  }
}

/** Arrays as text, since toEqual takes seconds over long ones. */
export function bitsOf(arrays: Readonly<Record<string, Float32Array | null>>): Record<string, string | null> {
  const text = ({ buffer, byteOffset, byteLength }: Float32Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array && text(array)]));
}
