import { selectHeldOutImages } from '../../datasets/held-out.js';

test.each([
  [0, 0],
  [9, 0],
  [10, 1],
  [12_000, 1_200],
  [50_000, 5_000],
  [1_281_167, 10_000],
])('of %i training images %i are held out, and each image is on one side', (count, heldOut) => {
  const { train, validation } = selectHeldOutImages(count);
  expect([train.length, validation.length]).toEqual([count - heldOut, heldOut]);
  const seen = new Uint8Array(count);
  for (const index of [...train, ...validation]) seen[index] += 1;
  expect(seen.every((times) => times === 1)).toBe(true);
});

test('the held-out images are the same each time, ascend, and come from everywhere', () => {
  const { validation } = selectHeldOutImages(10_000);
  expect([...validation]).toEqual([...selectHeldOutImages(10_000).validation]);
  expect([...validation]).toEqual([...validation].sort((a, b) => a - b));
  const perTenth = Array.from(
    { length: 10 },
    (_, i) => validation.filter((index) => Math.floor(index / 1000) === i).length,
  );
  // 100 are expected in each, with a standard deviation of 9.
  for (const count of perTenth) expect(Math.abs(count - 100)).toBeLessThan(40);
});
