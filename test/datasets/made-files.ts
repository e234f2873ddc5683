import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PxvError } from '../../src/foundation/errors.js';
import type { Images } from '../../datasets/image-set.js';
import { randomInts } from '../random.js';

/** A new folder with these files, removed after all tests. */
export function folderWith(files: Record<string, Uint8Array | string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pxv-datasets-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An IDX file of `count` images of `height x width` bytes below `levels`. */
export function idx(count: number, { height = 28, width = 28, levels = 256, magic = 0x803, seed = 1 } = {}): Buffer {
  const header = Buffer.alloc(16);
  [magic, count, height, width].forEach((value, word) => header.writeUInt32BE(value, 4 * word));
  return Buffer.concat([header, Buffer.from(randomInts(count * height * width, levels, seed))]);
}

/** Text of `count` images of 784 digits 0 and 1, and the pixels as bytes of 0 and 255. */
export function amat(count: number, seed = 1): { text: string; pixels: Uint8Array } {
  const digits = randomInts(784 * count, 2, seed);
  const lines = Array.from({ length: count }, (_, image) => digits.slice(784 * image, 784 * (image + 1)).join(' '));
  return { text: `${lines.join('\n')}\n`, pixels: Uint8Array.from(digits, (digit) => 255 * digit) };
}

/** `count` records of CIFAR-10. */
export function cifarRecords(count: number, seed = 1): Buffer {
  const bytes = Buffer.from(randomInts(3073 * count, 256, seed));
  for (let record = 0; record < count; record++) bytes[3073 * record] = record % 10;
  return bytes;
}

/** All the images, one after another; closes them. */
export function allOf(images: Images): Uint8Array {
  const bytes = images.width * images.height * images.channels;
  const into = new Uint8Array(bytes);
  const all = new Uint8Array(images.count * bytes);
  for (let index = 0; index < images.count; index++) {
    images.read(index, into);
    all.set(into, index * bytes);
  }
  images.close();
  return all;
}

/** What `expect(...).rejects.toMatchObject` is to match: a PxvError of one line. */
export function refusal(message: RegExp, code: PxvError['code'] = 'INPUT'): object {
  return { code, message: expect.stringMatching(new RegExp(`^[^\\n]*${message.source}[^\\n]*$`)) as string };
}
