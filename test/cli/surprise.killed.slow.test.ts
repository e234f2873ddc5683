import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ffmpeg, temporaryFolder } from '../video/made-clips.js';
import { pxv, start } from './pxv.js';

const folder = temporaryFolder();
afterAll(folder.remove);

test('a search that is killed goes on where it was, to the very same files', async () => {
  const clip = join(folder.path, 'clip.mkv');
  ffmpeg(['-stream_loop', '11', '-i', 'examples/asl_yes.mkv', '-c', 'copy', clip]);
  const [whole, killed] = ['whole', 'killed'].map((name) => join(folder.path, name));
  const search = ['surprise', clip, '--size', '32x32', '--json'];
  const { stdout } = await pxv([...search, '--out', whole]);

  const state = join(`${killed}.unfinished`, 'search.json');
  const parts = () => (existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { parts: number[] }).parts : []);
  for (const wanted of [1, 2]) {
    const child = start([...search, '--out', killed]);
    while (parts().length < wanted) await sleep(100);
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  const other = await pxv([...search, '--out', killed, '--learn', '1s']);
  expect(other.stderr).toMatch(
    /expected no unfinished search, or this one, received one of another clip or version, or with other/,
  );
  const result = await pxv([...search, '--out', killed]);
  const figures = (text: string) => {
    const { events, timeline, bitsPerDim } = JSON.parse(text) as Record<string, unknown>;
    return { events, timeline, bitsPerDim };
  };
  expect(figures(result.stdout)).toEqual(figures(stdout));
  for (const name of ['timeline.csv', 'timeline.png'])
    expect(readFileSync(join(killed, name)).equals(readFileSync(join(whole, name)))).toBe(true);
  expect(existsSync(`${killed}.unfinished`)).toBe(false);
});
