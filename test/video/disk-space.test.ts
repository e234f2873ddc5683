import { join } from 'node:path';
import { assertDiskSpace } from '../../src/video/disk-space.js';
import { temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const need = { folder: join(folder.path, 'not', 'there'), what: '3 frames of 2x2', remedy: 'take fewer' };

test('what the disk has no room for is refused in one line', async () => {
  const asked: string[] = [];
  const free = (place: string) => {
    asked.push(place);
    return Promise.resolve(2 ** 31);
  };
  await assertDiskSpace({ ...need, bytes: 2 ** 31 }, free);
  await expect(assertDiskSpace({ ...need, bytes: 2 ** 32 }, free)).rejects.toThrow(
    /^decode: .*there: expected .* 2\.0 GiB that are free, received about 4\.0 GiB for 3 frames of 2x2; take fewer$/,
  );
  expect(new Set(asked)).toEqual(new Set([folder.path]));
});

test('the disk of a folder that is not there yet has room for a byte, and none for 2^80', async () => {
  await assertDiskSpace({ ...need, bytes: 1 });
  await expect(assertDiskSpace({ ...need, bytes: 2 ** 80 })).rejects.toMatchObject({ code: 'RESOURCES' });
});
