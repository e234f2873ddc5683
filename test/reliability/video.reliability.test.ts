import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClip, openStream } from '../../src/video/index.js';
import { streamed } from '../coding/coding.js';
import { ffmpeg, lossless, livingFfmpegs, makeClip, staircase } from '../video/made-clips.js';
import { expectRefusal, report } from './attack.js';
import { chooseCases, isThorough } from '../extent.js';
import { Mutation } from './mutation.js';

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pxv-video-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asked = { size: { width: 16, height: 12 }, channels: 3 } as const;
/** Most frames that are read of a clip: damaged times may repeat a frame for years. */
const MOST_FRAMES = 300;
/** Longest time of a clip, in milliseconds; FFmpeg itself is ended after 60 seconds of silence. */
const LONGEST_MS = 90_000;

/** Returns the number of frames of a clip, or 0 where it is refused in one line. Leaves no FFmpeg behind. */
async function framesOf(path: string): Promise<number> {
  let count = 0;
  const began = performance.now();
  try {
    const clip = await openClip(path, asked);
    for await (const { data } of clip.frames()) {
      if (data.length !== 16 * 12 * 3) throw new Error(`a frame of ${data.length} bytes`);
      if (++count === MOST_FRAMES) break;
    }
  } catch (error) {
    expectRefusal(error);
  }
  const took = performance.now() - began;
  if (took > LONGEST_MS) throw new Error(`took ${took} ms`);
  if (livingFfmpegs().length > 0) throw new Error('an FFmpeg is left');
  return count;
}

/** Clips of several formats, of a few kilobytes. */
function makeSamples(): string[] {
  const frames = staircase(6, 32, 24, 3);
  const of = (name: string, ...options: string[]) => makeClip(join(folder, name), frames, ...options);
  return [
    of('a.mkv', ...lossless),
    of('a.avi', '-c:v', 'mjpeg'),
    of('a.gif'),
    of('a.y4m', '-pix_fmt', 'yuv420p'),
    of('a.mp4', '-c:v', 'mpeg4'),
    of('a.mov', '-c:v', 'png'),
    of('a.ts', '-c:v', 'mpeg2video', '-r', '25'),
    of('a.nut', '-c:v', 'rawvideo'),
  ];
}

const odd = join(import.meta.dirname, '../../../shared/data/odd');
const oddNames = existsSync(odd) ? readdirSync(odd).sort() : [];

describe('clips', () => {
  let samples: { ending: string; bytes: Uint8Array }[] = [];
  beforeAll(() => {
    const small = oddNames.map((name) => join(odd, name)).filter((path) => readFileSync(path).length < 40_000);
    samples = [...makeSamples(), ...(isThorough ? small : [])].map((path) => {
      return { ending: path.slice(path.lastIndexOf('.')), bytes: new Uint8Array(readFileSync(path)) };
    });
  });

  const count = chooseCases(10, 2000);
  test(`of ${count} that were mutated each is read, or refused in one line`, async () => {
    const began = performance.now();
    let [read, slowest] = [0, 0];
    for (let seed = 1; seed <= count; seed++) {
      const mutation = new Mutation(seed);
      const { ending, bytes } = mutation.pick(samples);
      const path = join(folder, `mutated${mutation.next() < 0.8 ? ending : '.mp4'}`);
      writeFileSync(path, mutation.bytes(bytes, [bytes]));
      const start = performance.now();
      try {
        if ((await framesOf(path)) > 0) read++;
      } catch (cause) {
        throw new Error(`clip ${seed}: ${(cause as Error).message}`, { cause });
      }
      slowest = Math.max(slowest, performance.now() - start);
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    if (isThorough)
      report(`mutated clips: ${count}, of which ${read} read, slowest ${slowest.toFixed(0)} ms, ${seconds} s`);
  });

  (isThorough && oddNames.length > 0 ? test : test.skip)(
    'that are odd are each read, or refused in one line',
    async () => {
      let read = 0;
      for (const name of oddNames) if ((await framesOf(join(odd, name))) > 0) read++;
      report(`odd clips: ${oddNames.length}, of which ${read} read`);
    },
  );

  test('with hostile names are read, and no name reaches a shell, an option or a protocol', async () => {
    const names = [
      ...['; touch pwned', '$(touch pwned)', '`touch pwned`', '| touch pwned', '& touch pwned', "' touch pwned '"],
      ...['-i', '--help', '-version.mkv', 'a b.mkv', 'a"b.mkv', 'a\nb.mkv', 'a\tb.mkv', '\u001b[2J.mkv', '%d.mkv'],
      ...['pipe:0', 'http:x.mkv', 'concat:a.mkv|a.mkv', 'file:a.mkv', 'data:,a', 'a,b=c:d.mkv', '[0:v].mkv', '*?.mkv'],
      ...['é\u0301.mkv', '日本語.mkv', '\u202egpj.mkv', `${'x'.repeat(250)}`, 'NUL', '~', '$HOME', '..mkv', '#3.mkv'],
    ];
    const inner = join(folder, 'names');
    mkdirSync(inner);
    const tried = names.filter((_, at) => isThorough || at % 5 === 0);
    for (const name of tried) {
      copyFileSync(join(folder, 'a.mkv'), join(inner, name));
      expect([name, await framesOf(join(inner, name))]).toEqual([name, 6]);
    }
    const there = (place: string) => readdirSync(place).filter((name) => name === 'pwned');
    expect([...there('.'), ...there(inner), ...there(folder)]).toEqual([]);
    expect(readdirSync(inner)).toHaveLength(tried.length);
  });
});

describe('protocols', () => {
  let server: Server;
  let address: string;
  let requests: string[] = [];
  beforeAll(async () => {
    ffmpeg([
      '-i',
      `file:${join(folder, 'a.mkv')}`,
      '-c:v',
      'mpeg2video',
      '-r',
      '25',
      `file:${join(folder, 'part.ts')}`,
    ]);
    const bytes = readFileSync(join(folder, 'part.ts'));
    server = createServer((request, response) => {
      requests.push(request.url!);
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => (requests = []));
  afterAll(() => server.close());

  const playlist = (segment: string) =>
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.6,\n${segment}\n#EXT-X-ENDLIST\n`;
  const lists: [name: string, file: string, text: (url: string) => string][] = [
    ['a playlist', 'list.m3u8', (url) => playlist(url)],
    ['a playlist of playlists', 'lists.m3u8', (url) => `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${url}\n`],
    ['a playlist that is called a film', 'film.mp4', (url) => playlist(url)],
    [
      'a playlist with a key',
      'key.m3u8',
      (url) => playlist(`part.ts`).replace('#EXTINF', `#EXT-X-KEY:METHOD=AES-128,URI="${url}"\n#EXTINF`),
    ],
    ['a list of clips', 'list.ffconcat', (url) => `ffconcat version 1.0\nfile '${url}'\n`],
    ['a list of clips that is called a film', 'list.mkv', (url) => `ffconcat version 1.0\nfile '${url}'\n`],
    [
      'a description of a session',
      'list.sdp',
      () =>
        'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    ],
  ];
  const protocols = [
    'http',
    'https',
    'tcp',
    'udp',
    'rtp',
    'ftp',
    'gopher',
    'rtmp',
    'hls+http',
    'concat:http',
    'cache:http',
    'crypto:http',
  ];

  test.each(lists)('in %s are refused in one line, but for local files', async (_, file, text) => {
    for (const protocol of isThorough ? protocols : protocols.slice(0, 3)) {
      const path = join(folder, file);
      writeFileSync(path, text(`${protocol}://${address}/part.ts`));
      expect([protocol, await framesOf(path)]).toEqual([protocol, 0]);
    }
    expect(requests).toEqual([]);
  });

  test('a stream opens no file and no address', async () => {
    for (const inner of [`http://${address}/part.ts`, `file://${join(folder, 'part.ts')}`, join(folder, 'part.ts')])
      for (const text of [playlist(inner), `ffconcat version 1.0\nfile '${inner}'\n`]) {
        const opened = openStream(streamed([Buffer.from(text)]), asked).then(async ({ frames }) => {
          for await (const frame of frames) throw new Error(`a frame of ${frame.width} columns`);
        });
        await expect(opened.catch(expectRefusal)).resolves.toBeUndefined();
      }
    expect(requests).toEqual([]);
  });

  test('a list of clips beside it is read: local files are allowed', async () => {
    writeFileSync(join(folder, 'local.ffconcat'), "ffconcat version 1.0\nfile 'a.mkv'\n");
    expect(await framesOf(join(folder, 'local.ffconcat'))).toBe(6);
  });
});
