import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { chooseBackend } from '../../../src/backend/choose-backend.js';
import { loadModel } from '../../../src/model/checkpoint.js';
import type { Model } from '../../../src/model/model.js';
import { findSurprise } from '../../../src/commands/surprise/find-surprise.js';
import { SearchCheckpoint } from '../../../src/commands/surprise/search-checkpoint.js';
import { openClip } from '../../../src/video/index.js';
import { randomModel, tinyNetwork } from '../../model/tiny-networks.js';
import { frame, makeClip, temporaryFolder } from '../../video/made-clips.js';
import { slowTest } from '../../extent.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (name: string) => join(folder.path, name);

const size = { width: 16, height: 16 };
const frames = Array.from({ length: 12 }, (_, at) => frame(16, 16, 3, (x, y) => (x === at ? 255 : 8 * y)));
let model: Model;
beforeAll(async () => {
  await chooseBackend({ threads: 1 });
  model = loadModel('video-64');
});

slowTest('raw frames of a stream are scored as those of a clip, and nothing is written unless requested', async () => {
  const clip = makeClip(at('clip.mkv'), frames, '-c:v', 'ffv1', '-pix_fmt', 'gbrp');
  const before = readdirSync(folder.path);
  const asked = { size, frameRate: { numerator: 10, denominator: 1 }, threshold: 1e-6 };
  const rows: number[] = [];
  const over: number[] = [];
  const streamed = await findSurprise(model, Readable.from(frames.map(({ data }) => Buffer.from(data))), {
    ...{ ...asked, rawSize: size, learn: ['0.8s'] },
    onFrame: ({ frame }) => rows.push(frame),
    onEvent: ({ peak }) => over.push(peak),
  });
  const read = await findSurprise(model, clip, { ...asked, learn: ['0.8s'] });
  expect(streamed).toEqual(read);
  expect(rows).toEqual(read.timeline.frame);
  expect(over.length).toBeGreaterThan(0);
  expect(over.sort()).toEqual(read.events.map(({ peak }) => peak).sort());
  expect([read.path, read.timeline.frame[0], read.frames]).toEqual([null, 8, 4]);
  expect(readdirSync(folder.path)).toEqual(before);
});

slowTest(
  'with dropLate, frames that come faster than they are scored are dropped, counted, and said once',
  async () => {
    const count = 300;
    const bytes = Buffer.concat(Array.from({ length: count }, (_, at) => Buffer.from(frames[at % 12].data)));
    const warnings: string[] = [];
    const asked = { size, rawSize: size, frameRate: { numerator: 10, denominator: 1 } };
    const { dropped, timeline, ...found } = await findSurprise(model, Readable.from([bytes]), {
      ...{ ...asked, dropLate: true },
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings.filter((text) => text.startsWith('frames are dropped, as they arrive faster'))).toHaveLength(1);
    expect(dropped).toBeGreaterThan(0);
    expect(found.frames).toBe(count - 1 - dropped);
    expect(timeline.frame).toHaveLength(found.frames);
    // Frames in a row, of which some have all their context frames.
    expect(timeline.frame.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  },
);

test('--learn of no more frames than the context is refused in one line, of seconds and of clips', async () => {
  const clip = makeClip(at('few.mkv'), frames.slice(0, 4), '-c:v', 'ffv1', '-pix_fmt', 'gbrp');
  const asked = { size, frameRate: { numerator: 10, denominator: 1 } };
  await expect(findSurprise(model, clip, { ...asked, learn: ['0.4s'] })).rejects.toThrow(
    /^find anomalies: baseline: expected more than the model's 4 context frames, received 4 frames; learn from more/,
  );
  await expect(findSurprise(model, clip, { ...asked, learn: [clip] })).rejects.toThrow(
    /^fit baseline: .*few\.mkv: expected more than the model's 4 context frames, received fewer; give longer clips$/,
  );
});

test('a clip that is learned from is not overwritten', async () => {
  const [clip, normal] = ['watched.mkv', 'normal.mp4'].map((name) => makeClip(at(name), frames));
  const before = readFileSync(normal);
  const asked = { size, frameRate: { numerator: 10, denominator: 1 }, learn: [normal], overwrite: true };
  await expect(findSurprise(model, clip, { ...asked, out: normal })).rejects.toThrow(
    /normal\.mp4: the output is the input/,
  );
  expect(readFileSync(normal).equals(before)).toBe(true);
});

test('a model whose outputs are no probabilities is refused in one line', async () => {
  const grey = randomModel([tinyNetwork({ channels: 1, head: { type: 'grey-sigmoid' } })]);
  const clip = makeClip(at('grey.mkv'), frames, '-c:v', 'ffv1');
  await expect(findSurprise(grey, clip, {})).rejects.toThrow(
    /^find anomalies: random: expected a model of probabilities, received one with the head grey-sigmoid, [^\n]*$/,
  );
});

test('a film alone is written to a .mp4, and nothing else beside it', async () => {
  const clip = makeClip(at('other.mkv'), frames, '-c:v', 'ffv1');
  await findSurprise(model, clip, { size, out: at('film.mp4') });
  const film = await openClip(at('film.mp4'), { size, channels: 3 });
  let shown = 0;
  for await (const { width } of film.frames()) shown += width / 16;
  expect(shown).toBe(11);
  expect(readdirSync(folder.path).filter((name) => name.startsWith('film'))).toEqual(['film.mp4']);
  await expect(findSurprise(model, clip, { size, out: at('film.mp4') })).rejects.toThrow(/the file exists/);
  mkdirSync(at('empty.mp4'));
  await expect(findSurprise(model, clip, { size, out: at('empty.mp4') })).rejects.toThrow(
    /^find anomalies: .*empty\.mp4: expected a file, received a folder of that name; choose another --out$/,
  );
  await expect(findSurprise(model, clip, { size, out: at('film.gif') })).rejects.toThrow(
    /expected a folder or a \.mp4, received \.gif/,
  );
});

test('an unfinished search keeps what was committed and no more, for the same search alone', async () => {
  const path = at('clip-surprise.unfinished');
  const state = { index: 3, scorer: {}, zScores: [0.25], events: { kept: [], recent: [] } } as never;
  const row = (frame: number) => ({ frame, bits: 1 / 3, score: -frame, box: { x: 1, y: 2, width: 3, height: 4 } });
  const first = await SearchCheckpoint.open(path, 'this', false);
  first.commit([row(1), row(2), row(3)], state, 0.1);
  await expect(SearchCheckpoint.open(path, 'this', false)).rejects.toThrow(
    /^lock folder: .* a folder without another search/,
  );
  first.close();
  // As a process leaves it that is killed after the rows of a part, and before its state.
  writeFileSync(join(path, 'timeline.bin'), Buffer.alloc(100), { flag: 'a' });
  const second = await SearchCheckpoint.open(path, 'this', false);
  expect([second.state.surprise, second.state.meanMap, second.frames]).toEqual([state, 0.1, 3]);
  second.commit([row(4)], state, 0.2);
  expect(second.rows()).toEqual([row(1), row(2), row(3), row(4)]);
  expect(second.films.map(({ frames }) => frames)).toEqual([3, 1]);
  second.close();
  await expect(SearchCheckpoint.open(path, 'another', false)).rejects.toThrow(
    /one of another clip or version, or with other options; remove it, start again with --overwrite/,
  );
  const anew = await SearchCheckpoint.open(path, 'another', true);
  expect(anew.frames).toBe(0);
  anew.close();
  expect(existsSync(path)).toBe(false);
});

test('a search leaves alone what it did not write', async () => {
  const path = at('mine.unfinished');
  mkdirSync(path);
  const notes = join(path, 'notes.txt');
  writeFileSync(notes, 'mine');
  await expect(SearchCheckpoint.open(path, 'this', true)).rejects.toThrow(
    /^find anomalies: .*mine\.unfinished: expected files of an unfinished search alone, received notes\.txt; move it/,
  );
  rmSync(notes);
  const search = await SearchCheckpoint.open(path, 'this', false);
  search.commit([{ frame: 1, bits: 1, score: 1, box: { x: 1, y: 2, width: 3, height: 4 } }], null, 0.1);
  search.close();
  mkdirSync(join(path, 'part-00001.mp4'));
  writeFileSync(notes, 'mine');
  const resumed = await SearchCheckpoint.open(path, 'this', false);
  expect(resumed.frames).toBe(1);
  resumed.remove();
  resumed.close();
  expect(readdirSync(path).sort()).toEqual(['notes.txt', 'part-00001.mp4']);
});

test('a search whose timeline was cut short is not resumed', async () => {
  const path = at('cut.unfinished');
  const rows = [1, 2].map((frame) => ({ frame, bits: 1, score: 1, box: { x: 1, y: 2, width: 3, height: 4 } }));
  const search = await SearchCheckpoint.open(path, 'this', false);
  search.commit(rows, null, 0.1);
  search.close();
  for (const cut of [() => truncateSync(join(path, 'timeline.bin'), 60), () => rmSync(join(path, 'timeline.bin'))]) {
    cut();
    await expect(SearchCheckpoint.open(path, 'this', false)).rejects.toThrow(
      /received one whose timeline\.bin is cut short; remove it, start again with --overwrite/,
    );
  }
  const anew = await SearchCheckpoint.open(path, 'this', true);
  expect(anew.frames).toBe(0);
  anew.close();
  expect(existsSync(path)).toBe(false);
});

// Linux takes a path of 4095 bytes, and the lock's is longer.
(process.platform === 'linux' ? test : test.skip)(
  'a search whose lock cannot be written leaves no folder',
  async () => {
    const room = 4080 - at('deep').length;
    const inner = Array.from({ length: 20 }, () => 'x'.repeat(Math.floor(room / 20) - 1));
    await expect(SearchCheckpoint.open(join(at('deep'), ...inner), 'this', false)).rejects.toThrow(
      /received ENAMETOOLONG/,
    );
    expect(existsSync(at('deep'))).toBe(false);
  },
);

(existsSync('/dev/full') ? test : test.skip)(
  'rows of a timeline that do not fit on the disk end a search',
  async () => {
    const search = await SearchCheckpoint.open(at('full.unfinished'), 'this', false);
    symlinkSync('/dev/full', join(search.path, 'timeline.bin'));
    const row = { frame: 1, bits: 1, score: 1, box: { x: 1, y: 2, width: 3, height: 4 } };
    expect(() => search.commit([row], null, 0.1)).toThrow(
      /^write: .*timeline\.bin: expected a writable path, received ENOSPC: .*; free the disk, or choose another path$/,
    );
    expect(search.frames).toBe(0);
    search.close();
  },
);
