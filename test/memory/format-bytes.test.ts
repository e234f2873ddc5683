import { formatBytes } from '../../src/memory/format-bytes.js';

test('bytes are shown in MiB below 1000 MiB, and in GiB from there on', () => {
  const MiB = 2 ** 20;
  expect([0.4 * MiB, 999.4 * MiB, 1000 * MiB, 4096 * MiB].map(formatBytes)).toEqual([
    '0 MiB',
    '999 MiB',
    '1.0 GiB',
    '4.0 GiB',
  ]);
});
