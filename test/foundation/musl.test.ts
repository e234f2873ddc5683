import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { usesMusl } from '../../src/foundation/musl.js';
import { temporaryFolder } from '../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

function executable(name: string, head: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(10_000)]));
  return path;
}

test('an executable is linked against musl if its header names the loader of musl', () => {
  const elf = '\x7fELF\x02\x01\x01';
  expect(usesMusl(executable('alpine', `${elf}.../lib/ld-musl-x86_64.so.1`))).toBe(true);
  expect(usesMusl(executable('debian', `${elf}.../lib64/ld-linux-x86-64.so.2`))).toBe(false);
  expect(usesMusl(executable('script', '#!/lib/ld-musl-x86_64.so.1'))).toBe(false);
  expect(usesMusl(join(folder.path, 'none'))).toBe(false);
});

(existsSync('/lib64/ld-linux-x86-64.so.2') ? test : test.skip)('this Node.js is linked against glibc', () => {
  expect(usesMusl()).toBe(false);
});
