/** Formats a number of bytes as MiB, or as GiB from 1000 MiB on: `980 MiB`, `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  const MiB = 2 ** 20;
  return bytes < 1000 * MiB ? `${Math.round(bytes / MiB)} MiB` : `${(bytes / 1024 / MiB).toFixed(1)} GiB`;
}
