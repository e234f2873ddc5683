import { readFileSync } from 'node:fs';
import { parseAmat } from '../../datasets/binarized-mnist/amat.js';
import { parseCheckSums } from '../../datasets/check-sums.js';
import { parseIdxImages } from '../../datasets/idx.js';
import { crc32 } from '../../src/foundation/crc32.js';
import {
  CodedReader,
  concatenateStreams,
  recordKinds,
  splitStreams,
  writeHeader,
  writeRecord,
} from '../../src/coding/format.js';
import { formatFrameRate, framesPerSecond, parseFrameRate, type FrameRate } from '../../src/foundation/frame-rate.js';
import { formatNpyHeader } from '../../src/foundation/npy.js';
import { parseConfiguration } from '../../src/foundation/parse-configuration.js';
import { modelSchema } from '../../src/model/description.js';
import { modelMetadata, nameWeights, parseModel } from '../../src/model/model.js';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from '../../src/model/safetensors-format.js';
import { parseRunConfiguration } from '../../src/training/configuration.js';
import { layoutOfShape } from '../../src/video/array-layout.js';
import { valuesToBytes, valueTypes } from '../../src/video/array-values.js';
import { clipName, clipStem, splitAddress } from '../../src/video/clip-address.js';
import { constantFrameRate } from '../../src/video/constant-rate.js';
import { parseVideoStream } from '../../src/video/stream-info.js';
import { parseTimestamps } from '../../src/video/timestamps.js';
import { streamed } from '../coding/coding.js';
import { idx } from '../datasets/made-files.js';
import { parseNpy } from '../foundation/parse-npy.js';
import { randomModel, tinyChain, tinyModels, tinyNetwork } from '../model/tiny-networks.js';
import { testAttack } from './attack.js';
import { toJson, type Mutation } from './mutation.js';

const encoder = new TextEncoder();
const bytesOf = (parts: ArrayBufferView[]) =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));

/** A safetensors file of any header, with its length as it is. */
function safetensors(header: string, body: Uint8Array): Uint8Array {
  const json = encoder.encode(header);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(json.length), true);
  return bytesOf([length, json, body]);
}

const small: SafetensorsFile = {
  arrays: new Map([
    ['a', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['b', { shape: [1], data: Float32Array.of(7) }],
  ]),
  metadata: { format: 'pxv', step: '3' },
};

describe('safetensors', () => {
  const samples = [bytesOf(encodeSafetensors(small)), bytesOf(encodeSafetensors(small, 'F16'))];
  const header = {
    __metadata__: small.metadata,
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'F32', shape: [1], data_offsets: [24, 28] },
    c: { dtype: 'F16', shape: [2, 1], data_offsets: [28, 32] },
  };
  const names = ['dtype', 'shape', 'data_offsets', 'F32', 'F16', 'F64', 'a', 'b', '__metadata__'];
  const isWithin = ({ arrays }: SafetensorsFile, input: Uint8Array) => {
    const values = [...arrays.values()].reduce((sum, { data }) => sum + data.length, 0);
    if (values > input.length) throw new Error(`${values} values of ${input.length} bytes`);
  };

  testAttack('of bytes', {
    cases: [5000, 600_000],
    make: (mutation) => mutation.bytes(mutation.pick(samples), samples),
    run: (bytes) => decodeSafetensors(bytes, 'a.safetensors'),
    check: (answer, input) => isWithin(answer as SafetensorsFile, input),
  });

  testAttack('of headers', {
    cases: [2000, 120_000],
    make: (mutation) => safetensors(toJson(mutation.json(header, names)), new Uint8Array(32)),
    run: (bytes) => decodeSafetensors(bytes, 'a.safetensors'),
    check: (answer, input) => isWithin(answer as SafetensorsFile, input),
  });
});

/** Words of descriptions and configurations. */
const words = [
  ...['version', 'scales', 'size', 'width', 'height', 'channels', 'levels', 'first', 'kernel', 'features', 'layers'],
  ...['type', 'hidden', 'skips', 'output', 'head', 'conditioning', 'context', 'flows', 'factor', 'shared', 'known'],
  ...['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm', 'softmax', 'sigmoid', 'logistic-mixture', 'components'],
  ...['previous-frames', 'warped-frames', 'low-resolution-image', 'templateMatching'],
  ...['training', 'data', 'stages', 'batch', 'steps', 'minutes', 'clips', 'images', 'frames', 'set', 'disturb'],
];
const descriptions = [...tinyModels.map(([, scales]) => ({ version: 1, scales })), { version: 1, scales: tinyChain() }];

describe('models', () => {
  const source = { operation: 'read model', argument: 'a.safetensors', code: 'CHECKPOINT' } as const;

  testAttack('of descriptions', {
    cases: [2000, 150_000],
    make: (mutation) => toJson(mutation.json(mutation.pick(descriptions), words)),
    run: (text) => parseConfiguration(modelSchema, JSON.parse(text), source),
  });

  const model = randomModel([tinyNetwork({ size: { width: 3, height: 2 }, layers: [], conditioning: [] })]);
  const { chain, weights } = model;
  const arrays = nameWeights(chain.parameters, weights);
  const metadata = modelMetadata(model);
  const body = bytesOf([...arrays.values()].map(({ data }) => data));
  let offset = 0;
  const entries = [...arrays].map(([name, { shape, data }]) => {
    const at = offset;
    offset += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [at, offset] }];
  });
  const keys = [...Object.keys(metadata), 'drawing', 'origin', 'frameRate', '10', '{"carry":0.5}'];

  testAttack('of files', {
    cases: [300, 25_000],
    make: (mutation) => {
      const description = toJson(mutation.json(model.description, words));
      const own = mutation.next() < 0.6 ? { ...metadata, description } : mutation.json(metadata, keys);
      return safetensors(toJson({ __metadata__: own, ...Object.fromEntries(entries) }), body);
    },
    run: (bytes) => parseModel(bytes, 'a.safetensors'),
  });
});

const run = {
  model: descriptions[0],
  drawing: null,
  training: { seed: '3', batch: 8, steps: 30, stages: [{ rate: 0.001, warmUp: 3, rollOuts: 0 }] },
  data: { type: 'clips', frames: ['a.mp4'], validate: [], fit: 'crop', frameRate: '30000/1001' },
};

testAttack('the configuration of a training', {
  cases: [1000, 60_000],
  make: (mutation) => toJson(mutation.json(run, words)),
  run: (text) =>
    parseRunConfiguration(JSON.parse(text), { operation: 'train', argument: 'config.json', code: 'USAGE' }),
});

describe('arrays of NumPy', () => {
  const headers = [[2, 4, 5, 6], [7], []].map((shape) => new Uint8Array(formatNpyHeader(shape)));
  const saved = ['clips-first', 'colour-planar', 'fortran'].map(
    (name) => new Uint8Array(readFileSync(`test/fixtures/npy/${name}.npy`).subarray(0, 200)),
  );
  const types = [
    "'descr': '|u1'",
    "'shape': (",
    '3L, ',
    '-3, ',
    '99999999999999999999, ',
    "'fortran_order': True",
    ', ',
    ')',
  ];
  const isSound = (answer: unknown) => {
    const header = answer as ReturnType<typeof parseNpy>;
    for (const length of header?.shape ?? [])
      if (!Number.isSafeInteger(length) || length < 0) throw new Error(`a length of ${length}`);
  };

  testAttack('of header bytes', {
    cases: [5000, 1_200_000],
    make: (mutation) => Buffer.from(mutation.bytes(mutation.pick([...headers, ...saved]), saved)),
    run: parseNpy,
    check: isSound,
  });

  testAttack('of header text', {
    cases: [5000, 1_000_000],
    make: (mutation) => {
      const text = mutation.text("{'descr': '<f4', 'fortran_order': False, 'shape': (20, 3, 5), }", types);
      const bytes = Buffer.from(`\x93NUMPY\x01\0\0\0${text}\n`, 'latin1');
      bytes.writeUInt16LE(Math.min(65535, bytes.length - 10), 8);
      return bytes;
    },
    run: parseNpy,
    check: isSound,
  });

  testAttack('of shapes', {
    cases: [5000, 1_000_000],
    make: (mutation) => Array.from({ length: mutation.below(7) }, () => Math.abs(Math.trunc(mutation.number()))),
    run: layoutOfShape,
  });

  testAttack('of values', {
    cases: [2000, 400_000],
    make: (mutation) => ({ type: mutation.pick([...valueTypes.values()]), bytes: mutation.noise(8) }),
    run: ({ type, bytes }) => {
      try {
        return valuesToBytes(type, bytes);
      } catch (error) {
        // It names the value, which its caller puts into a line.
        if (!(error instanceof RangeError)) throw error;
        return null;
      }
    },
  });
});

describe('data sets', () => {
  const size = { width: 4, height: 3 };
  const images = new Uint8Array(idx(3, size));
  testAttack('of IDX images', {
    cases: [5000, 1_000_000],
    make: (mutation) => mutation.bytes(images),
    run: (bytes) => parseIdxImages(bytes, 'images', size),
  });

  const text = new Uint8Array(Buffer.from(`${'0 1 '.repeat(10)}\n`.repeat(3)));
  testAttack('of text images', {
    cases: [200, 5000],
    make: (mutation) => mutation.bytes(text),
    run: (bytes) => parseAmat(streamed([bytes]), 'a.amat', 20),
  });

  const sums = `${'0123456789abcdef'.repeat(4)}  train.bin\n${'fedcba9876543210'.repeat(4)} *test.bin\n`;
  testAttack('of checksums', {
    cases: [2000, 300_000],
    make: (mutation) => mutation.text(sums, ['../a', '/etc/passwd', '\n', '  ', ' *', 'f'.repeat(64)]),
    run: (lines) => parseCheckSums(lines, 'SHA256SUMS'),
    check: (answer) => {
      for (const name of (answer as Map<string, string>).keys())
        if (/[/\\]/.test(name)) throw new Error(`the name ${name}`);
    },
  });
});

/** Throws unless a rate can be given to FFmpeg. */
function expectRate(rate: FrameRate | null): void {
  if (rate === null) return;
  const { numerator, denominator } = rate;
  if (![numerator, denominator].every((side) => Number.isSafeInteger(side) && side >= 1))
    throw new Error(`a rate of ${numerator}/${denominator}`);
}

describe('the words of FFmpeg', () => {
  const log = [
    "[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:a.mp4':",
    '[info]   Metadata:',
    '[info]     title           : a clip',
    '[info]   Duration: 00:00:10.01, start: 0.000000, bitrate: 81 kb/s',
    '[info]   Stream #0:0(und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, smpte170m), 192x108 [SAR 1:1 ' +
      'DAR 16:9], 81 kb/s, 29.97 fps, 29.97 tbr, 30k tbn (default)',
    '[info]       alpha_mode      : 1',
    "[info] Output #0, framecrc, to 'pipe:1':",
  ].join('\n');
  const said = ['Stream #0:0: Video: ', ' Video: vp8', ', rgba', ', 1e9k fps', ' Duration: ', '99:99:99.9', ', ', ' ('];
  testAttack('in its log', {
    cases: [3000, 500_000],
    make: (mutation) => {
      const text = mutation.text(log, said);
      return (mutation.next() < 0.002 ? text.replace('a clip', mutation.pick(said).repeat(50_000)) : text).split('\n');
    },
    run: parseVideoStream,
  });

  const report = '#tb 0: 1/15360\n#dimensions 0: 192x108\n0, 0, 0, 512, 100, 0xa1\n0, 512, 512, 512, 90, 0xa2\n';
  const frames = `${report}0, 1024, 1024, 512, 90, 0xa3\n0, 1536, -9223372036854775808, 512, 90, 0xa4\n`;
  testAttack('in its list of frames', {
    cases: [3000, 800_000],
    make: (mutation) => mutation.text(frames, ['\n0, ', '0/0', '1/0', '99999999999999999999', '-1, ', ', ']),
    run: parseTimestamps,
    check: (answer) => expectRate((answer as ReturnType<typeof parseTimestamps>).timing?.frameRate ?? null),
  });

  testAttack('in its rates', {
    cases: [5000, 800_000],
    make: (mutation) => ({
      base: { numerator: Math.abs(mutation.number()), denominator: Math.abs(mutation.number()) },
      average: mutation.next() < 0.2 ? null : Math.abs(mutation.number()),
    }),
    run: ({ base, average }) => constantFrameRate(base, average),
    check: (answer, { base }) => {
      if (answer !== base) expectRate(answer as FrameRate | null);
    },
  });
});

describe('words of users', () => {
  testAttack('that are rates', {
    cases: [5000, 800_000],
    make: (mutation) => mutation.text(mutation.pick(['29.97', '30000/1001', '25']), ['/', '.', '0', '9999999']),
    run: parseFrameRate,
    check: (answer) => {
      const rate = answer as FrameRate | null;
      expectRate(rate);
      if (
        rate !== null &&
        !(Math.abs(framesPerSecond(parseFrameRate(formatFrameRate(rate))!) - framesPerSecond(rate)) === 0)
      )
        throw new Error(`${formatFrameRate(rate)} is read as another rate`);
    },
  });

  testAttack('that are places of clips', {
    cases: [5000, 600_000],
    make: (mutation) => mutation.text(mutation.pick(['a/b.npy#3', 'c.npz#x#1', 'd.mp4']), ['.npy', '#', '/', '..']),
    run: (path) => [splitAddress(path), clipStem(path), clipName(path)],
  });
});

describe('coded files', () => {
  const header = writeHeader({
    ...{ width: 7, height: 5, channels: 3, levels: 256, arithmetic: 'fused' },
    frameRate: { numerator: 30000, denominator: 1001 },
    ...{ model: '0123456789abcdef', stills: null, embedded: Uint8Array.of(1, 2, 3) },
  });
  const payload = new Uint8Array(40).fill(7);
  const records = [
    writeRecord({ kind: recordKinds.webp, index: 0, payload, check: 1 }),
    writeRecord({ kind: recordKinds.predicted, index: 1, payload, check: 2 }),
    writeRecord({ kind: recordKinds.still, index: 300, payload, check: 3 }),
    writeRecord({ kind: recordKinds.end, index: 301, payload: new Uint8Array(), check: 4 }),
  ];
  const file = Uint8Array.from([header, ...records].flatMap((part) => [...part]));

  /** Cuts bytes into pieces, as they arrive. */
  const pieces = (bytes: Uint8Array, mutation: Mutation) => {
    const length = 1 + mutation.below(bytes.length + 20);
    return Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
      bytes.subarray(at * length, (at + 1) * length),
    );
  };

  testAttack('of headers', {
    cases: [2000, 600_000],
    make: (mutation) => {
      const bytes = mutation.bytes(header);
      // With the right checksum, the values themselves are read.
      if (bytes.length >= 44 && mutation.next() < 0.7)
        new DataView(bytes.buffer).setUint32(40, crc32(bytes.subarray(0, 40), bytes.subarray(44)));
      return pieces(bytes, mutation);
    },
    run: (parts) => new CodedReader(streamed(parts)).header(),
    check: (answer) => expectRate((answer as { frameRate: FrameRate }).frameRate),
  });

  testAttack('of records', {
    cases: [2000, 150_000],
    make: (mutation) => [header, ...pieces(mutation.bytes(file.subarray(header.length), records), mutation)],
    run: async (parts) => {
      const reader = new CodedReader(streamed(parts));
      await reader.header();
      let payloads = 0;
      for (let next = 0; await reader.seekKey(); next++) {
        const found = await reader.record(next);
        payloads = Math.max(payloads, found?.record.payload.length ?? 0);
        reader.take(found?.bytes ?? 1);
      }
      return payloads;
    },
    check: (answer, input) => {
      const length = input.reduce((sum, part) => sum + part.length, 0);
      if ((answer as number) > length) throw new Error(`a payload of ${answer as number} of ${length} bytes`);
    },
  });

  const streams = concatenateStreams([payload, new Uint8Array(), new Uint8Array(200), Uint8Array.of(1)]);
  testAttack('of payloads', {
    cases: [5000, 1_200_000],
    make: (mutation) => ({ bytes: mutation.bytes(streams), count: 1 + mutation.below(9) }),
    run: ({ bytes, count }) => splitStreams(bytes, count),
    check: (answer, { bytes, count }) => {
      const parts = answer as Uint8Array[];
      const sum = parts.reduce((all, { length }) => all + length, 0);
      if (parts.length !== count || sum > bytes.length) throw new Error(`${parts.length} parts of ${sum} bytes`);
    },
  });
});
