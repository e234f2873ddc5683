import { wrapImages } from '../../datasets/records.js';
import { refusal } from './made-files.js';

test('images in memory are read until they are closed, and not afterwards', () => {
  const shape = { width: 2, height: 1, channels: 1, levels: 256, origin: 'two images', files: [] } as const;
  const images = wrapImages(shape, Uint8Array.of(1, 2, 3, 4));
  const read = (index: number) => {
    const into = new Uint8Array(2);
    images.read(index, into);
    return [...into];
  };
  expect([read(0), read(1)]).toEqual([
    [1, 2],
    [3, 4],
  ]);
  images.close();
  const closed = refusal(/image 1: expected open images, received closed ones/, 'USAGE');
  expect(() => read(1)).toThrow(expect.objectContaining(closed) as Error);
});
