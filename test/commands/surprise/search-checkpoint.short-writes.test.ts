import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';

// No module that imports search-checkpoint.js may be imported before its writes are replaced.
const folder = fs.mkdtempSync(join(tmpdir(), 'pxv-test-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
/** Writes half of the bytes, as a system may that has room for no more. */
const writeHalf = (file: number, bytes: Uint8Array) => fs.writeSync(file, bytes.subarray(0, bytes.length >> 1));
jest.unstable_mockModule('node:fs', () => ({ ...fs, writeSync: writeHalf }));
const { SearchCheckpoint } = await import('../../../src/commands/surprise/search-checkpoint.js');

test('rows of a timeline are whole where the system writes fewer bytes than it is given', async () => {
  const rows = [1, 2, 3].map((frame) => ({ frame, bits: 1, score: 2, box: { x: 3, y: 4, width: 5, height: 6 } }));
  const search = await SearchCheckpoint.open(join(folder, 'short.unfinished'), 'this', false);
  search.commit(rows, null, 0.1);
  expect(search.rows()).toEqual(rows);
  search.close();
});
