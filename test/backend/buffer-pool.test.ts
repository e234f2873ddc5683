import { existsSync } from 'node:fs';
import { loadAddon } from '../../src/backend/addon.js';
import { BufferPool } from '../../src/backend/buffer-pool.js';

/** What was made and not given back. */
const held = new Set<Float32Array>();
const memory = {
  make(length: number) {
    const values = new Float32Array(length);
    held.add(values);
    return values;
  },
  free: (values: Float32Array) => expect(held.delete(values)).toBe(true),
  copiesOthers: false,
};

test('a released array of 5000 values is used again for the next 5000, not for 5001', () => {
  const pool = new BufferPool(memory, 1e6);
  const first = pool.take(5000);
  pool.release(first);
  expect(pool.idleBytes).toBe(20_000);
  expect(pool.take(5001)).not.toBe(first);
  expect(pool.take(5000)).toBe(first);
  expect(pool.idleBytes).toBe(0);
  expect(pool.take(5000)).not.toBe(first);
});

test('it owns what it gave, views of it included, and neither small arrays nor those of others', () => {
  const pool = new BufferPool(memory, 1e6);
  const large = pool.take(5000);
  expect(pool.owns(large)).toBe(true);
  expect(pool.owns(large.subarray(10, 20))).toBe(true);
  expect(pool.owns(pool.take(5))).toBe(false);
  expect(pool.owns(new Float32Array(5000))).toBe(false);
});

test('beyond its limit of idle bytes it drops the length not used for longest', () => {
  const pool = new BufferPool(memory, 45_000);
  const [a, b, c] = [5000, 6000, 5000].map((length) => pool.take(length));
  pool.release(a);
  pool.release(b);
  expect(pool.idleBytes).toBe(44_000);
  pool.release(c);
  expect(pool.idleBytes).toBe(40_000);
  expect([a, b, c].map((values) => held.has(values))).toEqual([true, false, true]);
  expect(pool.take(6000)).not.toBe(b);
  expect([a, c]).toContain(pool.take(5000));
});

test('an array larger than the limit is not kept', () => {
  const pool = new BufferPool(memory, 10_000);
  const values = pool.take(5000);
  pool.release(values);
  expect(pool.idleBytes).toBe(0);
  expect(held.has(values)).toBe(false);
});

test('cleared, it keeps nothing, and still owns what is in use', () => {
  const pool = new BufferPool(memory, 1e6);
  const idle = pool.take(5000);
  const used = pool.take(5000);
  pool.release(idle);
  pool.clear();
  expect(pool.idleBytes).toBe(0);
  expect([idle, used].map((values) => held.has(values))).toEqual([false, true]);
  expect(pool.take(5000)).not.toBe(idle);
  pool.release(used);
  expect(pool.take(5000)).toBe(used);
});

test('where there is no room, idle arrays of other lengths make some', () => {
  let room = 12_000;
  const small = {
    make(length: number) {
      if (length > room) throw new RangeError('no room');
      room -= length;
      return new Float32Array(length);
    },
    free: ({ length }: Float32Array) => void (room += length),
    copiesOthers: true,
  };
  const pool = new BufferPool(small, 1e6);
  pool.release(pool.take(7000));
  expect(pool.take(9000)).toHaveLength(9000);
  expect(pool.idleBytes).toBe(0);
  expect(() => pool.take(9000)).toThrow('no room');
});

(existsSync('build/Release/pxv.node') ? test : test.skip)('what it clears is given back at once, on the addon', () => {
  const pool = new BufferPool(loadAddon().kernels().memory, Infinity);
  const bytes = 2 ** 28;
  const arrays = Array.from({ length: 8 }, () => pool.take(bytes / 8 / 4));
  arrays.forEach((values) => pool.release(values));
  const held = process.memoryUsage().external;
  pool.clear();
  expect(arrays.map(({ length }) => length)).toEqual(Array(8).fill(0));
  expect(held - process.memoryUsage().external).toBeGreaterThan(0.9 * bytes);
});
