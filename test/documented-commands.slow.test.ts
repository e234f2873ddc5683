import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { formatNpyHeader } from '../src/foundation/npy.js';
import { serve, whole } from './datasets/local-server.js';
import { inGrey, squares, writeBairClip, writeKthClip } from './commands/evaluate/protocol-clips.js';
import { temporaryFolder } from './video/made-clips.js';

const digits = join(import.meta.dirname, '../../shared/data/mnist');
const guides = readdirSync('docs').filter((name) => name.endsWith('.md'));

/** A line of a shell that a document shows. */
interface Shown {
  document: string;
  line: string;
}

/** But those that several ranks run together: `test/distributed` has them. */
const all: Shown[] = ['README.md', ...guides.map((name) => `docs/${name}`)].flatMap((document) =>
  [...readFileSync(document, 'utf8').matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block]) => block.split('\n'))
    .map((line) => ({ document, line: line.replace(/\s+#.*$/, '').trim() }))
    .filter(
      ({ line }) =>
        /\bpxv\b/.test(line) && !/^(npm|source|cd|export|mpirun|srun) /.test(line.replace(/^npm ci && /, '')),
    ),
);
/** What two documents show is run where the first one shows it. */
const shown = all.filter(({ line }, at) => all.findIndex((other) => other.line === line) === at);

/** What takes long is shortened, and a download comes from this machine. */
function shortened(line: string, mirror: string): string {
  return line
    .replace(/^npm ci && /, '')
    .replace(/^npx /, '')
    .replace(/--minutes \d+/, '--steps 2')
    .replace(/(pxv train --images .*)/, '$1 --steps 2')
    .replace(/(pxv datasets get \S+)/, `$1 --mirror ${mirror}`)
    .replace(/(pxv eval-images .*)/, '$1 --limit 20')
    .replace(/(pxv eval-video .*--protocol.*)/, '$1 --starts 1')
    .replace(/(pxv eval-video (?!.*--(?:horizon|protocol)).*)/, '$1 --starts 1 --horizon 1')
    .replace(/--limit \d+/, '--limit 1')
    .replace(/--learn \d+s/, '--learn 0.3s')
    .replace('rtsp://camera', 'clip.mp4')
    .replace(/--count \d+/, '--count 2')
    .replace(/--samples \d+/, '--samples 2')
    .replace(
      /pxv (predict|surprise|encode|eval-video(?!.*--protocol)|train(?= --frames (?!moving-mnist))) /,
      'pxv $1 --size 32x32 ',
    )
    .replace(/pxv (predict|surprise|encode|report|complete|sample|train(?!.*--resume)) /, 'pxv $1 --overwrite ');
}

describe('commands that documents show', () => {
  const folder = temporaryFolder();
  const at = (...names: string[]) => join(folder.path, ...names);
  afterAll(folder.remove);

  beforeAll(async () => {
    for (const name of ['bin', 'clips', 'more-clips', 'examples', 'data']) mkdirSync(at(name));
    writeFileSync(at('bin', 'pxv'), `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/cli/main.js')}" "$@"\n`);
    chmodSync(at('bin', 'pxv'), 0o755);
    copyFileSync('examples/asl_yes.mkv', at('examples', 'asl_yes.mkv'));
    const clips = ['clip.mp4', 'clips/a.mp4', 'clips/b.mp4', 'clips/c.mp4', 'more-clips/d.mp4'];
    for (const clip of clips) {
      const cut = ['-v', 'error', '-i', 'examples/asl_yes.mkv', '-frames:v', '20', '-c:v', 'libx264', '-y', at(clip)];
      execFileSync('ffmpeg', cut);
    }
    execFileSync('ffmpeg', ['-v', 'error', '-i', 'examples/asl_yes.mkv', '-frames:v', '1', at('photo.png')]);
    const raw = ['-frames:v', '60', '-s', '32x32', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'];
    const frames = execFileSync('ffmpeg', ['-v', 'error', '-i', 'examples/asl_yes.mkv', ...raw]);
    writeFileSync(at('sequences.npy'), Buffer.concat([formatNpyHeader([4, 15, 32, 32, 1]), frames]));
    const moving = [0, 1].map((clip) => squares(20, clip, 64, 1));
    const official = moving[0].flatMap((first, t) => [first.data, moving[1][t].data]);
    writeFileSync(at('mnist_test_seq.npy'), Buffer.concat([formatNpyHeader([20, 2, 64, 64]), ...official]));
    await writeKthClip(at('KTH'), 'person22', inGrey(squares(40, 1)));
    await writeBairClip(at('bair'), 'test', 1, squares(30, 0));
    if (existsSync(digits)) for (const name of ['mnist', 'binarized-mnist']) symlinkSync(digits, at('data', name));
  });

  test.each(shown)('$document: $line', async ({ line }) => {
    const needsDigits = /get mnist|binarized-mnist|--frames moving-mnist|runs\/(digits|moving)/.test(line);
    if (needsDigits && !existsSync(digits)) return console.warn(`not run without the digits: ${line}`);
    const { url } = await serve({ '/nothing': whole(Buffer.from('nothing')) });
    const env = { ...process.env, PATH: [at('bin'), process.env.PATH].join(delimiter), PXV_DATA: at('data') };
    const child = spawn('sh', ['-c', shortened(line, url)], {
      cwd: folder.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.stdout.resume();
    const [status] = (await once(child, 'close')) as [number];
    expect({ status, said: status === 0 ? '' : said }).toEqual({ status: 0, said: '' });
  });
});
