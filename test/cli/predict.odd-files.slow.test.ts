import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { saveModel } from '../../src/model/checkpoint.js';
import { openClip, probeClip, resolveSize } from '../../src/video/index.js';
import { randomModel, tinyNetwork } from '../model/tiny-networks.js';
import { collect, temporaryFolder } from '../video/made-clips.js';
import { pxv } from './pxv.js';
import { jsonOf } from './tiny-run.js';

const odd = join(import.meta.dirname, '../../../shared/data/odd');
const names = existsSync(odd) ? readdirSync(odd).sort() : [];

const folder = temporaryFolder();
afterAll(folder.remove);

beforeAll(() => {
  const model = randomModel([tinyNetwork({ size: { width: 8, height: 6 } })]);
  saveModel(join(folder.path, 'tiny.safetensors'), model);
});

/** Processes whose command line names something in the folder; known on Linux only, elsewhere none. */
function livingProcesses(): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  const lines = readdirSync('/proc').map((pid) => {
    try {
      return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : '';
    } catch {
      return '';
    }
  });
  return lines.filter((line) => line.includes(folder.path));
}

(names.length > 0 ? describe : describe.skip)('pxv predict, given a file of the odd ones,', () => {
  test.each(names.length > 0 ? names : ['none'])(
    'writes a whole clip at its own aspect or says in one line why not: %s',
    async (name) => {
      // A link, so that every process that reads it can be told from others.
      const clip = join(folder.path, name);
      symlinkSync(join(odd, name), clip);
      const before = [...readdirSync(folder.path), 'out.mp4'].sort();
      const args = ['--model', 'tiny.safetensors', '--next', '1', '--out', 'out.mp4', '--overwrite', '--json'];
      const outcome = await pxv(['predict', clip, '--known-frames', 'all', ...args], { cwd: folder.path });
      expect(livingProcesses()).toEqual([]);
      if (outcome.code === 0) {
        const { known, frames, width, height } = jsonOf(outcome) as Record<string, number>;
        expect(frames).toBe(known + 1);
        expect({ width, height }).toEqual(resolveSize({ shortSide: 6 }, (await probeClip(clip)).sourceSize));
        const out = join(folder.path, 'out.mp4');
        const reader = await openClip(out, { size: { width, height }, channels: 3 });
        expect(await collect(reader.frames())).toHaveLength(frames);
      } else {
        expect(outcome).toMatchObject({ code: 1, stdout: '' });
        const lines = outcome.stderr.trimEnd().split('\n');
        expect(lines.filter((line) => line.startsWith('pxv: '))).toHaveLength(1);
        expect(lines.at(-1)).toMatch(/^pxv: .*: expected .*, received .*; .+$/);
      }
      const left = readdirSync(folder.path).sort();
      expect([...new Set([...left, 'out.mp4'])].sort()).toEqual(before.filter((file, at) => file !== before[at - 1]));
    },
  );
});
