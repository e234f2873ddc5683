/**
 * Returns `count` indices below `all`, ascending and evenly spaced: data sets are often sorted by class.
 * @param count at most `all`
 */
export function spaceIndices(all: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * all) / count));
}
