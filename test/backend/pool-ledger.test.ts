import { BufferPool } from '../../src/backend/buffer-pool.js';
import { PoolLedger } from '../../src/backend/pool-ledger.js';
import { randomInts } from '../random.js';

test('the ledger holds as many bytes as a pool that is asked for the same arrays, also beyond its limit', () => {
  const limit = 100_000;
  const memory = { make: (length: number) => new Float32Array(length), free: () => undefined, copiesOthers: false };
  const [pool, ledger] = [new BufferPool(memory, limit), new PoolLedger(limit)];
  const taken: Float32Array[] = [];
  const draws = randomInts(4000, 1000, 7);
  let most = 0;
  for (let i = 0; i < draws.length; i += 2) {
    if (taken.length === 0 || draws[i] < 500) {
      const length = 4096 + 1024 * (draws[i + 1] % 5);
      taken.push(pool.take(length));
      ledger.take(length);
    } else {
      const [values] = taken.splice(draws[i + 1] % taken.length, 1);
      pool.release(values);
      ledger.release(values.length);
    }
    const live = taken.reduce((sum, { byteLength }) => sum + byteLength, 0);
    most = Math.max(most, live + pool.idleBytes);
    expect(ledger.peakBytes).toBe(most);
  }
  expect(most).toBeGreaterThan(2 * limit);
});
