import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cifar } from '../../datasets/cifar/cifar.js';
import { openNpzBytes } from '../../datasets/imagenet/npz.js';
import { readMaybeGzip } from '../../datasets/read-file.js';
import { unpackTarGz } from '../../datasets/unpack.js';
import { RunFolder } from '../../src/training/run-folder.js';
import { openClip } from '../../src/video/index.js';
import { cifarRecords } from '../datasets/made-files.js';
import { tar } from '../datasets/made-tar.js';
import { testAttack } from './attack.js';
import type { Mutation } from './mutation.js';

/** In memory where the system has a file system there: the disk is not what is tested. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folder = mkdtempSync(join(place, 'pxv-attack-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes bytes to a file of the folder, and returns its path. */
function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const fixture = (path: string) => new Uint8Array(readFileSync(`test/fixtures/${path}`));

describe('arrays of NumPy', () => {
  /** Reads the first frames of a clip in an array file, as a command does. */
  const read = async (path: string) => {
    const clip = await openClip(path, { size: { width: 8, height: 8 }, channels: 3 });
    let count = 0;
    for await (const frame of clip.frames()) if ((count += frame.data.length) > 10_000) break;
    return count;
  };
  let files = 0;
  const arrays = (name: string, samples: readonly Uint8Array[], thorough: number) =>
    testAttack(`in ${name} files`, {
      cases: [60, thorough],
      make: (mutation) => mutation.bytes(mutation.pick(samples), samples),
      run: async (bytes) => {
        // Opened files are known by their paths, sizes and times.
        const path = written(`${files++}.${name}`, bytes);
        return read(path).finally(() => rmSync(path));
      },
    });

  const plain = ['colour-planar', 'colour-last', 'one-gray', 'gray-axis'].map((name) => fixture(`npy/${name}.npy`));
  arrays('npy', plain, 20_000);
  arrays('npy.gz', [...plain.map((bytes) => new Uint8Array(gzipSync(bytes))), fixture('npy/packed.npy.gz')], 8000);
  const zipped = ['npy/deflated', 'npy/several', 'npy/labels', 'npz/stored', 'npz/deflated'].map((name) =>
    fixture(`${name}.npz`),
  );
  arrays('npz', zipped, 12_000);

  testAttack('of a data set', {
    cases: [60, 20_000],
    make: (mutation) => mutation.bytes(mutation.pick(zipped), zipped),
    run: async (bytes) => {
      const array = await openNpzBytes(written('set.npz', bytes), 'data');
      let count = 0;
      await array.read(async (piece) => void (count += await Promise.resolve(piece.length)));
      return count;
    },
  });
});

describe('data sets', () => {
  const records = new Uint8Array(cifarRecords(2));
  mkdirSync(join(folder, 'cifar'));
  testAttack('of CIFAR records', {
    cases: [60, 20_000],
    make: (mutation) => mutation.bytes(records),
    run: async (bytes) => {
      written('cifar/test_batch.bin', bytes);
      const images = await cifar.open(join(folder, 'cifar'), 'test');
      images.read(images.count - 1, new Uint8Array(3072));
      images.close();
    },
  });

  const packed = new Uint8Array(gzipSync(records));
  testAttack('in gzip files', {
    cases: [60, 20_000],
    make: (mutation) => mutation.bytes(packed),
    run: (bytes) => readMaybeGzip(written('images.gz', bytes)),
  });

  const wanted = [
    { name: 'a.bin', bytes: 700 },
    { name: 'b.bin', bytes: 20 },
  ];
  const content = new Uint8Array(700).fill(7);
  const links = ['/etc/passwd', '../../outside', 'b.bin'];
  const paths = [
    'set/a.bin',
    'b.bin',
    '../a.bin',
    '/tmp/b.bin',
    'set/../../a.bin',
    'C:\\a.bin',
    'a.bin/b.bin',
    'x',
    '',
  ];
  /** Entries with hostile paths, kinds and sizes, then mutated as bytes. */
  const archive = (mutation: Mutation) => {
    const entries = Array.from({ length: 1 + mutation.below(4) }, () => ({
      path: mutation.next() < 0.8 ? mutation.pick(paths) : mutation.text('set/a.bin', ['../', '/', '\0', '\\']),
      type: mutation.next() < 0.8 ? ('File' as const) : mutation.pick(['SymbolicLink', 'Link', 'Directory'] as const),
      content: content.subarray(0, mutation.pick([700, 20, 0, 3])),
      linkpath: mutation.pick(links),
    }));
    const sound = [
      { path: 'set/a.bin', content },
      { path: 'b.bin', content: content.subarray(0, 20) },
    ];
    const bytes = new Uint8Array(tar(mutation.next() < 0.5 ? sound : entries));
    return mutation.next() < 0.3 ? bytes : mutation.bytes(bytes);
  };
  testAttack('in archives', {
    cases: [60, 3000],
    make: (mutation) => ({ bytes: archive(mutation), isPackedLast: mutation.next() < 0.7, mutation }),
    run: async ({ bytes, isPackedLast, mutation }) => {
      const packed = new Uint8Array(gzipSync(bytes, { level: 1 }));
      const path = written('set.tar.gz', isPackedLast ? packed : mutation.bytes(packed));
      const inner = join(folder, 'outer', 'inner');
      mkdirSync(inner, { recursive: true });
      try {
        await unpackTarGz(path, inner, wanted);
      } finally {
        const made = [readdirSync(inner), readdirSync(join(folder, 'outer'))];
        rmSync(join(folder, 'outer'), { recursive: true });
        const strange = made[0].filter((name) => name !== 'a.bin' && name !== 'b.bin');
        if (strange.length > 0 || made[1].length !== 1) throw new Error(`wrote ${made.flat().join(', ')}`);
      }
    },
  });
});

describe('run folders', () => {
  const run = join(folder, 'run');
  mkdirSync(run);
  const line = '{"step":3,"bitsPerDim":4.5,"seconds":0.25,"validation":4.25}\n';
  testAttack('with hostile logs and configurations', {
    cases: [100, 10_000],
    make: (mutation) => mutation.text(line.repeat(3), ['{', '}', 'null', '[1]', '"step":', '\n', ':1e999,']),
    run: (text) => {
      for (const name of ['log.jsonl', 'config.json', 'machine.jsonl']) written(`run/${name}`, text);
      const opened = new RunFolder(run);
      return [opened.readLog(), opened.readConfiguration(), opened.readMachines(), opened.secondsOf(2)];
    },
  });
});
