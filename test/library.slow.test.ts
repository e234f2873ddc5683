import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { consumerFolder, programsOf } from './consumer.js';

const { path: folder, outputOf } = consumerFolder();

test.each([
  ['README.md', 0, /^\d\.\d{3} bits\/dim\n$/, 'future.gif'],
  ['docs/library.md', 0, /^\d\.\d{3} bits\/dim, previous frame \d\.\d{3}\n$/, 'futures.gif'],
  ['docs/library.md', 2, /^10 steps: runs\/library\n$/, 'runs/library/model.safetensors'],
  ['docs/library.md', 3, /^(\d+ 1\.\d{3} 4096 \d\.\d\d\n)+$/, 'future.gif'],
  ['docs/library.md', 4, /^(frame 3\d: \d+\.\d\n)+\d\.\d{3} bits\/dim\n\[ 30 \]\n$/, 'program.js'],
  ['docs/library.md', 5, /^4608\n$/, 'program.js'],
  ['docs/library.md', 6, /^too late\n$/, 'program.js'],
  ['docs/library.md', 7, /^done\n$/, 'worker.mp4'],
])('the program of %s runs as pasted: number %d', async (document, number, said, made) => {
  expect(await outputOf('program.js', programsOf(document)[number])).toMatch(said);
  expect(existsSync(join(folder, made))).toBe(true);
});
