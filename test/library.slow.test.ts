import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consumerFolder } from './consumer.js';

const { path: folder, outputOf } = consumerFolder();

test.each([
  ['README.md', 0, /^\d\.\d{3} bits\/dim\n$/, 'future.gif'],
  ['docs/library.md', 3, /^(6\d 1\.\d{3} 4096 1\.\d\d\n)+$/, 'future.gif'],
  ['docs/library.md', 4, /^done\n$/, 'worker.mp4'],
])('the program of %s runs as pasted: number %d', async (document, number, said, made) => {
  const programs = [...readFileSync(document, 'utf8').matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program);
  expect(await outputOf('program.js', programs[number])).toMatch(said);
  expect(existsSync(join(folder, made))).toBe(true);
});
