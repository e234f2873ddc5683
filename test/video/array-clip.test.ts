import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import type { Frame } from '../../src/foundation/frame.js';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { listClips, openClip, probeClip } from '../../src/video/index.js';
import { as, collect, frame, level, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(() => {
  folder.remove();
  // Unpacked arrays stay until the process ends, which Jest does not tell its modules.
  process.emit('exit', 0);
});
const at = (name: string) => join(folder.path, name);
beforeAll(() => cpSync('test/fixtures/npy', folder.path, { recursive: true }));

/** The clip of a number in the fixtures, in gray or in colour: see test/fixtures/README.md. */
const clip = (number: number, channels: 1 | 3): Frame[] =>
  [0, 1, 2, 3].map((t) => frame(6, 5, channels, (x, y, c) => 100 * number + 5 * t + x + y + 10 * c));
const namesIn = async (...files: string[]) => (await listClips(files.map(at))).map(({ name }) => name);
const framesOf = async (name: string, channels: 1 | 3 = 1, first = 0) =>
  collect((await openClip(at(name), as(6, 5, channels))).frames(first));

describe('sets of clips in arrays that numpy wrote', () => {
  test.each([
    ['clips-first.npy', 1],
    ['gray-axis.npy', 1],
    ['colour-last.npy', 3],
    ['colour-planar.npy', 3],
    ['packed.npy.gz', 1],
  ] as const)('%s has two clips of four frames', async (name, channels) => {
    expect(await namesIn(name)).toEqual([`${name}#0`, `${name}#1`]);
    for (const number of [0, 1]) expect(await framesOf(`${name}#${number}`, channels)).toEqual(clip(number, channels));
  });

  test('of the shape of Moving MNIST, the clips are the second axis', async () => {
    const frames = Array.from({ length: 40 }, (_, at) => Buffer.alloc(64 * 64, 2 * at));
    writeFileSync(at('digits.npy'), Buffer.concat([formatNpyHeader([20, 2, 64, 64]), ...frames]));
    expect(await namesIn('digits.npy')).toEqual(['digits.npy#0', 'digits.npy#1']);
    const second = await collect((await openClip(at('digits.npy#1'), as(64, 64, 1))).frames());
    expect(second.map(level)).toEqual(Array.from({ length: 20 }, (_, t) => 4 * t + 2));
  });

  test('a compressed member is unpacked', async () => {
    expect(await namesIn('deflated.npz')).toHaveLength(4);
    expect(await framesOf('deflated.npz#3')).toEqual([clip(0, 1)[3], clip(1, 1)[3]]);
  });

  test('several arrays of a file have their names, and those of fewer than three axes are none', async () => {
    expect(await namesIn('several.npz')).toEqual(['several.npz#one', 'several.npz#set#0', 'several.npz#set#1']);
    expect(await framesOf('several.npz#set#1')).toEqual(clip(1, 1));
    expect(await framesOf('several.npz#one', 3)).toEqual(clip(1, 3));
  });
});

test('an array of one clip is named as its file', async () => {
  expect(await namesIn('one-gray.npy', 'one-colour.npy')).toEqual(['one-colour.npy', 'one-gray.npy']);
  expect(await framesOf('one-gray.npy')).toEqual(clip(1, 1));
  expect(await framesOf('one-gray.npy#0')).toEqual(clip(1, 1));
  expect(await framesOf('one-colour.npy', 3)).toEqual(clip(1, 3));
});

test('frames are brought to the channels and the size that are asked for, and read from any place', async () => {
  const gray = clip(1, 1).map(({ data }) => frame(6, 5, 3, (x, y) => data[6 * y + x]));
  expect(await framesOf('clips-first.npy#1', 3, 2)).toEqual(gray.slice(2));
  const [small] = await collect((await openClip(at('one-gray.npy'), as(2, 2, 1))).frames());
  expect(small).toMatchObject({ width: 2, height: 2, channels: 1 });
  const facts = await probeClip(at('clips-first.npy#1'));
  expect(facts).toMatchObject({
    name: 'clips-first.npy#1',
    sourceSize: { width: 6, height: 5 },
    estimatedFrames: 4,
    hasFrameRate: false,
    frameRate: { numerator: 25, denominator: 1 },
    isSeekable: true,
  });
});

test('a clip of a file can be named, and all clips of a file that is given count as given', async () => {
  const asked = [at('clips-first.npy#1')];
  expect(await listClips(asked)).toEqual([{ name: 'clips-first.npy#1', path: asked[0], isExplicit: true }]);
  expect((await listClips([at('clips-first.npy')])).map(({ isExplicit }) => isExplicit)).toEqual([true, true]);
  const inFolder = await listClips([folder.path]);
  expect(inFolder.some(({ isExplicit }) => isExplicit)).toBe(false);
  const names = inFolder.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['clips-first.npy#1', 'integers.npy']));
  // Labels beside clips are none of them.
  expect(names).not.toContain('labels.npz');
});

/** A file of bytes under a header of this shape. */
function npy(shape: number[], bytes: Uint8Array | number, type = '|u1'): Buffer {
  const header = formatNpyHeader(shape).toString('latin1').replace('|u1', type);
  return Buffer.concat([Buffer.from(header, 'latin1'), typeof bytes === 'number' ? Buffer.alloc(bytes) : bytes]);
}

const floats = (...values: number[]) =>
  npy([2, 5, 6], Buffer.from(Float32Array.from({ length: 60 }, (_, i) => values[i] ?? 0).buffer), '<f4');
const saved = (name: string) => readFileSync(join('test/fixtures/npy', name));
const layouts =
  /T x H x W, T x H x W x C, .* \(N clips of T frames, C is 1 or 3\) or, as Moving MNIST, 20 x N x 64 x 64/;

describe('what is no clip is refused in one line', () => {
  const wrong: [string, string, Buffer, RegExp][] = [
    ['Fortran order', 'a.npy', saved('fortran.npy'), /received Fortran order; save numpy\.ascontiguousarray\(a\)$/],
    ['integers of 64 bits', 'a.npy', saved('integers.npy'), /received values of type <i8; save a\.astype\('uint8'\)/],
    [
      'a type named as a member of every object',
      'a.npy',
      npy([4, 5, 6], 0, 'toString'),
      /received values of type toString;/,
    ],
    ['pickled objects', 'a.npy', npy([4, 5, 6], 960, '|O'), /received values of type \|O; save the pictures as uint8$/],
    ['one image', 'a.npy', npy([5, 6, 3], 90), /received 5 x 6 x 3, which is one image; stack/],
    ['three gray frames or colours', 'a.npy', npy([9, 3, 5, 6], 810), /the 3 may be channels or frames; save a\[N/],
    ['a table', 'a.npy', npy([5, 6], 30), /received no array of three axes or more; give another file$/],
    ['NaN', 'a.npy', floats(0, NaN), /received a float of NaN in frame 0; scale the values to 0 to 1/],
    ['floats up to 255', 'a.npy', floats(0, 0, 200), /received a float of 200 in frame 0/],
    ['negative floats', 'a.npy', floats(-1), /received a float of -1 in frame 0/],
    ['arrays of labels alone', 'a.npz', saved('labels.npz'), /received no array of three axes or more; give/],
  ];
  test.each(wrong)('%s', async (_, name, bytes, message) => {
    const path = at(`wrong-${name}`);
    writeFileSync(path, bytes);
    const refused = openClip(path, as(6, 5, 1));
    await expect(refused).rejects.toMatchObject({ code: 'INPUT', message: expect.stringMatching(message) as string });
    await expect(refused).rejects.toThrow(/^read array: [^\n]*$/);
    if (name === 'a.npy') await expect(refused).rejects.toThrow(layouts);
    // A list of clips goes on, and opening says why.
    expect(await listClips([path])).toHaveLength(1);
  });

  test('a float that is out of range in a later frame, once that frame is read', async () => {
    writeFileSync(at('late.npy'), floats(...Array<number>(40).fill(1), 1.5));
    await expect(framesOf('late.npy')).rejects.toThrow(/late\.npy: .* received a float of 1\.5 in frame 1;/);
  });

  test.each([
    [
      'a file that was cut off',
      'a.npy',
      saved('clips-first.npy').subarray(0, -1),
      /240 bytes of 2 x 4 x 5 x 6 values, rec.* 239/,
    ],
    [
      'a file with more than its header says',
      'a.npy',
      npy([2, 5, 6], 61),
      /expected 60 bytes of 2 x 5 x 6 .* 61 bytes;/,
    ],
    ['a file that ends within its header', 'a.npy', saved('clips-first.npy').subarray(0, 60), /without its header;/],
    ['a negative length', 'a.npy', npy([-2, 5, 6], 60), /received the shape \(-2, 5, 6\); save the array again$/],
    ['a negative length, packed', 'a.npy.gz', gzipSync(npy([2, -5, 6], 60)), /received the shape \(2, -5, 6\);/],
    [
      'a file that is empty but for its name',
      'a.npz',
      Buffer.alloc(30),
      /a whole \.npz file, received one that is damaged/,
    ],
    [
      'a gzip file that was cut off',
      'a.npy.gz',
      saved('packed.npy.gz').subarray(0, -40),
      /gzip file, received one that is d/,
    ],
    ['a gzip file of too little', 'a.npy.gz', gzipSync(npy([8, 5, 6], 239)), /368 bytes .* 367;/],
    ['a gzip file of too much', 'a.npy.gz', gzipSync(npy([8, 5, 6], 250)), /368 bytes once unpacked, received more;/],
    ['a claim of terabytes', 'a.npy', npy([9_999_999, 20, 999, 999], 64), /received 64 bytes;/],
    [
      'a claim of terabytes in few bytes',
      'a.npy.gz',
      gzipSync(npy([9_999_999, 20, 999, 999, 1], 64)),
      /clips; save at most/,
    ],
    ['a claim that no number holds', 'a.npy', npy([9e15, 9e15, 9e15, 9e15], 64), /received 64 bytes;/],
  ] as [string, string, Buffer, RegExp][])('%s', async (_, name, bytes, message) => {
    const path = at(`broken-${name}`);
    writeFileSync(path, bytes);
    await expect(openClip(path, as(6, 5, 1))).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(message) as string,
    });
  });

  test('a frame of terabytes in few packed bytes, before room is made for it', async () => {
    writeFileSync(at('large.npy.gz'), gzipSync(npy([4, 9_999_999, 9_999_999], 64)));
    await expect(openClip(at('large.npy.gz'), as(6, 5, 1))).rejects.toMatchObject({
      code: 'RESOURCES',
      message: expect.stringMatching(/large\.npy\.gz once unpacked; set TMPDIR/) as string,
    });
  });

  test('a packed array with one wrong bit', async () => {
    const bytes = Buffer.from(saved('deflated.npz'));
    const directory = bytes.indexOf('PK\x01\x02');
    bytes[directory + 16] ^= 1;
    writeFileSync(at('flipped.npz'), bytes);
    await expect(openClip(at('flipped.npz#0'), as(6, 5, 1))).rejects.toThrow(/set\.npy with the CRC-32 /);
  });

  test('several clips where one is asked for, and one that is not there', async () => {
    const refused = (name: string) => openClip(at(name), as(6, 5, 1));
    await expect(refused('clips-first.npy')).rejects.toThrow(
      /expected one clip, received a file of 2 clips; name one clip, from .*-first\.npy#0 to .*-first\.npy#1$/,
    );
    for (const place of ['2', '-1', 'x', ''])
      await expect(refused(`clips-first.npy#${place}`)).rejects.toThrow(/expected one clip, received .* behind the #;/);
    await expect(refused('several.npz')).rejects.toThrow(/received a file of 3 clips; /);
    await expect(refused('none.npy#0')).rejects.toThrow(/none\.npy: .* received no such file/);
  });
});

test('a file that has changed is read anew', async () => {
  writeFileSync(at('changing.npy'), saved('one-gray.npy'));
  expect(await namesIn('changing.npy')).toHaveLength(1);
  writeFileSync(at('changing.npy'), saved('clips-first.npy'));
  expect(await namesIn('changing.npy')).toHaveLength(2);
});
