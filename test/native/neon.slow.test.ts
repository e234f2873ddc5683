import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelsOver, type CallArray } from '../../src/backend/call.js';
import { descriptions, type KernelName, type KernelNumbers, type Kernels } from '../../src/backend/kernels/index.js';
import { loadAddon } from '../../src/backend/addon.js';
import { loadWasm } from '../../src/backend/library-files.js';
import { buildNetwork } from '../../src/model/network.js';
import { expectClose } from '../backend/comparison.js';
import { tinyNetwork } from '../model/tiny-networks.js';
import { randomFloats, randomInts } from '../random.js';

// The kernels of an Arm on a machine that is none: compiled by a cross compiler and run under an emulator, where both
// are at hand (Debian: g++-aarch64-linux-gnu, qemu-user).
const compiler = 'aarch64-linux-gnu-g++';
const emulator = 'qemu-aarch64';
const isAtHand = [compiler, emulator].every((program) => spawnSync(program, ['--version']).status === 0);

const { ops } = buildNetwork(
  tinyNetwork({ layers: [{ type: 'diagonal-bilstm', hidden: 33, initialState: 'learned' }] }),
).program;
const masked = ops.filter((op) => op.op === 'conv')[2].shape;
const walk = ops.filter((op) => op.op === 'lstm')[0].shape;
const batch = 3;
const images = { batch, height: 5, width: 7, channels: 3 };
const earlier = { ...images, references: 2, highest: 255, gain: 0.0625 };
const mixture = { rows: 35, components: 3, levels: 256, meanScale: 16, colours: 3, anchors: 2 };
const coded = { headKind: 2, levels: 256, components: 3, meanScale: 16, together: true, anchorCount: 2 };
const warp = { ...images, frames: 2, flows: 2, flowScale: 4 };
const adam = { count: 385, rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 0.1, correction2: 0.001 };

const calls: { [K in KernelName]: KernelNumbers<K> } = {
  blockMatching: { ...images, reach: 4, margin: 2, costOfMotion: 1, costOfDistance: 1 / 16 },
  convolution: { shape: masked, batch, relu: true },
  convolutionFilterGradient: { shape: masked, batch, relu: true },
  convolutionInputGradient: { shape: masked, batch },
  add: { count: 385, period: 35 },
  addMoved: { batch, length: 77, offset: -21 },
  subtract: { count: 385, period: 1 },
  multiply: { count: 385, period: 35 },
  divide: { count: 385, period: 385 },
  gruStep: { batch, height: 5, width: 7, features: 19 },
  gruStepGradient: { batch, height: 5, width: 7, features: 19 },
  encoding: { ...coded, pixels: 35, colours: 3, outFeatures: 36, capacity: 2000 },
  multiplyAdds: { rounds: 5, count: 385 },
  motionExtrapolation: { batch, height: 5, width: 7 },
  motionTrajectory: { batch, height: 5, width: 7, pairs: 3, maxChange: 1.5 },
  relu: { count: 385 },
  reluGradient: { count: 385 },
  concatRows: { rows: 35, columnsA: 19, columnsB: 3, columnsC: 1, columnsD: 0 },
  sliceRows: { rows: 35, columns: 19, first: 3, length: 11 },
  sumRows: { rows: 35, columns: 19 },
  localRegression: earlier,
  logisticMixture: mixture,
  logisticMixtureGradient: mixture,
  lstm: { shape: walk, batch },
  lstmGradient: { shape: walk, batch },
  matMul: { m: 35, n: 37, k: 39, transposeA: false, transposeB: true },
  adam,
  rmsProp: { count: 385, rate: 1e-3, decay: 0.99, epsilon: 1e-8 },
  sigmoidCrossEntropy: { rows: 35, levels: 256 },
  sigmoidCrossEntropyGradient: { rows: 35, levels: 256 },
  softmaxCrossEntropy: { rows: 35, levels: 37 },
  softmaxCrossEntropyGradient: { rows: 35, levels: 37 },
  templateMatching: earlier,
  templateMatchingGradient: earlier,
  warpedMixture: warp,
  warpedMixtureFramesGradient: warp,
  warpedMixtureGradient: warp,
};

/**
 * Inputs that are pictures have levels, squares are positive, and weights so small that what an LSTM sums does not
 * grow.
 */
function inputOf(name: string, x: number): number {
  if (['before', 'last', 'image', 'expected', 'references'].includes(name)) return 255 * Math.abs(x);
  return name === 'v' ? x * x : name === 'weights' ? x / 8 : x;
}

type ArrayType = keyof typeof arrayTypes;
const arrayTypes = { uint8_t: Uint8Array, int16_t: Int16Array, int32_t: Int32Array, uint32_t: Uint32Array };

function arrayOf(type: string, of: number | Int32Array): CallArray {
  const Typed = arrayTypes[type as ArrayType];
  return typeof of === 'number' ? new Typed(of) : Typed.from(of);
}

/** All arrays of a call, those that may be null among them; outputs begin as NaN. */
function arraysOf(kernel: KernelName): Record<string, CallArray> {
  const { inputs, outputs } = descriptions[kernel];
  const numbers = calls[kernel] as never;
  const made = (field: { shape: (numbers: never) => readonly number[] }) =>
    field.shape(numbers).reduce((a, b) => a * b, 1);
  const given = Object.entries(inputs).map(([name, field], seed): [string, CallArray] => [
    name,
    field.below !== undefined || field.type === 'uint8_t'
      ? arrayOf(field.type!, randomInts(made(field), field.below?.(numbers) ?? 2, seed))
      : randomFloats(made(field), seed).map((x) => inputOf(name, x)),
  ]);
  const written = Object.entries(outputs).map(([name, field]): [string, CallArray] => [
    name,
    field.type === undefined ? new Float32Array(made(field)).fill(NaN) : arrayOf(field.type, made(field)),
  ]);
  return Object.fromEntries([...given, ...written]);
}

/** Those of this machine that fuse products and sums, as NEON does; null where it has none. */
function fusedKernels(): Kernels | null {
  const addon = loadAddon();
  return addon.instructionSets.includes('avx2') ? addon.kernels('avx2') : null;
}

/** A call of each kernel, as run_calls.cc reads them; where the outputs stand there, and what they should be. */
function recordedCalls() {
  const parts: Buffer[] = [];
  const outputs: { where: string; at: number; expected: CallArray; fused: CallArray | null }[] = [];
  let length = 0;
  const push = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => {
    const padding = Buffer.alloc(-byteLength & 7);
    parts.push(Buffer.from(Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)), padding);
    length += byteLength + padding.length;
  };
  const wasm = loadWasm().kernels();
  const fused = fusedKernels();
  const recording = kernelsOver('neon', wasm.memory, (kernel, { name, numbers, layout }, arrays) => {
    push(BigInt64Array.of(BigInt(kernel)));
    push(numbers);
    layout.arrays.forEach((field, i) => {
      const array = arrays[i]!;
      push(BigInt64Array.of(BigInt(array.byteLength)));
      if (field.written) outputs.push({ where: `${name}: ${field.name}`, at: length, expected: array, fused: null });
      push(array);
    });
  });
  for (const kernel of Object.keys(descriptions) as KernelName[]) {
    const arrays = arraysOf(kernel);
    const first = outputs.length;
    const run = (kernels: Kernels) =>
      (kernels[kernel] as (numbers: unknown, arrays: unknown) => void)(calls[kernel], arrays);
    run(recording);
    if (fused !== null) {
      run(fused);
      for (const output of outputs.slice(first)) output.fused = output.expected.slice();
    }
    run(wasm);
  }
  return { bytes: Buffer.concat(parts), outputs };
}

(isAtHand ? test : test.skip)(
  'under an emulator of an Arm, portable kernels give the bits of those in WebAssembly, and NEON kernels those of AVX2',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'pxv-neon-'));
    try {
      const [program, file] = ['run', 'calls'].map((name) => join(folder, name));
      const sources = execFileSync(process.execPath, ['scripts/native-sources.mjs'], { encoding: 'utf8' })
        .trim()
        .split('\n');
      const files = [
        'test/native/run_calls.cc',
        'build/generated/sets/portable.cc',
        'build/generated/sets/neon.cc',
        ...sources,
      ];
      const flags = [
        '-std=c++20',
        '-O2',
        '-static',
        '-pthread',
        '-Wall',
        '-Wextra',
        '-ffp-contract=off',
        '-Ibuild/generated',
      ];
      const said = execFileSync(compiler, [...flags, ...files, '-o', program], { encoding: 'utf8', stdio: 'pipe' });
      expect(said).toBe('');

      const { bytes, outputs } = recordedCalls();
      const differing: string[] = [];
      for (const [set, tolerance] of [
        ['portable', 0],
        ['neon', 2e-5],
      ] as const) {
        writeFileSync(file, bytes);
        execFileSync(emulator, [program, set, file]);
        const { buffer, byteOffset } = readFileSync(file);
        for (const { where, at, expected, fused } of outputs) {
          const found = Buffer.from(buffer, byteOffset + at, expected.byteLength);
          const floats = new Float32Array(buffer, byteOffset + at, Math.floor(expected.byteLength / 4));
          if (expected instanceof Float32Array) expectClose(`${set} ${where}`, tolerance, expected, floats);
          const same = set === 'portable' ? expected : fused;
          if (same !== null)
            differing.push(
              ...(Buffer.from(same.buffer as ArrayBuffer, same.byteOffset, same.byteLength).equals(found)
                ? []
                : [`${set} ${where}`]),
            );
        }
      }
      // Its sums go over the lanes of a vector. It scores; levels are coded by probabilities in float64.
      expect(differing).toEqual(['neon softmaxCrossEntropy: nats', 'neon softmaxCrossEntropyGradient: dLogits']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  600_000,
);
