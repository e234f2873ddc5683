/** Bytes for people. */
export function inUnits(bytes: number): string {
  const MiB = 2 ** 20;
  return bytes < 1000 * MiB ? `${Math.round(bytes / MiB)} MiB` : `${(bytes / 1024 / MiB).toFixed(1)} GiB`;
}
