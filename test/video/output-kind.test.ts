import { sep } from 'node:path';
import { folderPath, outputKind } from '../../src/video/output-kind.js';

test('a folder whose name seems to have an extension is named with a trailing slash', () => {
  expect(folderPath('clip-frames')).toBe('clip-frames');
  for (const name of ['my.clip-frames', 'predicted/a.mp4']) {
    expect(outputKind(name)).not.toBe('folder');
    expect(folderPath(name)).toBe(`${name}${sep}`);
    expect(outputKind(folderPath(name))).toBe('folder');
  }
});
