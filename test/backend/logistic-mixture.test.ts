import { loadAddon } from '../../src/backend/addon.js';
import { mixtureArrays, type Kernels, type MixtureShape } from '../../src/backend/kernels.js';
import { PxvError } from '../../src/errors.js';
import { randomFloats, randomInts } from '../random.js';
import { expectClose } from './comparison.js';
import { implementations, kernelSets, use } from './implementations.js';
import * as reference from './reference.js';

interface MixtureCase {
  rows: number;
  shape: MixtureShape;
  /** Log-scale offsets lie in -spread .. spread; above 4.9 the clamp is met at both ends. */
  spread?: number;
}

/** One colour and three, one anchor to three, as many components as anchors or not, rows around the widths of vectors. */
const MIXTURES: MixtureCase[] = [
  { rows: 1, shape: { components: 1, levels: 2, meanScale: 1, colours: 1, anchors: 1 } },
  { rows: 17, shape: { components: 3, levels: 16, meanScale: 4, colours: 1, anchors: 1 } },
  { rows: 33, shape: { components: 5, levels: 256, meanScale: 16, colours: 1, anchors: 1 } },
  { rows: 9, shape: { components: 10, levels: 256, meanScale: 16, colours: 1, anchors: 2 } },
  { rows: 15, shape: { components: 2, levels: 256, meanScale: 16, colours: 1, anchors: 3 } },
  { rows: 19, shape: { components: 6, levels: 5, meanScale: 1, colours: 1, anchors: 1 }, spread: 9 },
  { rows: 1, shape: { components: 1, levels: 2, meanScale: 1, colours: 3, anchors: 1 } },
  { rows: 5, shape: { components: 2, levels: 16, meanScale: 4, colours: 3, anchors: 3 } },
  { rows: 33, shape: { components: 4, levels: 256, meanScale: 16, colours: 3, anchors: 1 } },
  { rows: 7, shape: { components: 7, levels: 256, meanScale: 16, colours: 3, anchors: 3 } },
  { rows: 18, shape: { components: 10, levels: 256, meanScale: 16, colours: 3, anchors: 2 } },
  { rows: 21, shape: { components: 6, levels: 5, meanScale: 1, colours: 3, anchors: 2 }, spread: 9 },
];

/** An output array in which whatever a kernel forgets to write is seen. */
const unwritten = (length: number): Float32Array => new Float32Array(length).fill(NaN);

interface MixtureInputs {
  shape: MixtureShape;
  rows: number;
  parameters: Float32Array;
  targets: Int32Array;
  anchors: Float32Array;
  dNats: Float32Array;
}

function inputsOf({ rows, shape, spread = 2 }: MixtureCase): MixtureInputs {
  const { components, levels, colours, anchors: each } = shape;
  const targets = randomInts(rows * colours, levels, 1);
  // Both ends of the levels in every colour, whatever was drawn.
  for (let colour = 0; colour < colours; colour++) {
    targets[colour] = 0;
    targets[(rows - 1) * colours + colour] = levels - 1;
  }
  const columns = mixtureArrays(shape, rows).parameters[1];
  /** Whether block b of a row's parameters holds log-scale offsets: the third of each colour. */
  const areLogScales = (block: number): boolean => [2, 5, 9].includes(block);
  const parameters = randomFloats(rows * columns, 2).map(
    (value, i) => value * (areLogScales(Math.floor((i % columns) / components)) ? spread : 2),
  );
  const anchors = randomFloats(targets.length * each, 3).map((value, i) => targets[Math.floor(i / each)] + 4 * value);
  return { shape, rows, parameters, targets, anchors, dNats: randomFloats(targets.length, 4) };
}

type MixtureKernels = Pick<Kernels, 'logisticMixture' | 'logisticMixtureGradient'>;

function natsOf(kernels: MixtureKernels, inputs: Omit<MixtureInputs, 'dNats'>): Float32Array {
  const { shape, rows, parameters, targets, anchors } = inputs;
  const nats = unwritten(targets.length);
  kernels.logisticMixture(shape, parameters, targets, anchors, rows, nats);
  return nats;
}

function gradientsOf(kernels: MixtureKernels, inputs: MixtureInputs) {
  const { shape, rows, parameters, targets, anchors, dNats } = inputs;
  const gradients = { dParameters: unwritten(parameters.length), dAnchors: unwritten(anchors.length) };
  const { dParameters, dAnchors } = gradients;
  kernels.logisticMixtureGradient(shape, parameters, targets, anchors, dNats, rows, dParameters, dAnchors);
  return gradients;
}

/** All that both kernels compute, as text, since toEqual takes seconds over long arrays. */
function bits(kernels: MixtureKernels, inputs: MixtureInputs): string[] {
  const { dParameters, dAnchors } = gradientsOf(kernels, inputs);
  return [natsOf(kernels, inputs), dParameters, dAnchors].map((array) => Buffer.from(array.buffer).toString('base64'));
}

function once<T>(compute: () => T): () => T {
  let result: T | undefined;
  return () => (result ??= compute());
}

/** Each case with its inputs and, computed once for all implementations, what its kernels should give. */
const TABLE = MIXTURES.map((one) => {
  const { components, levels, colours, anchors: each } = one.shape;
  const inputs = inputsOf(one);
  const { shape, rows, parameters, targets, anchors, dNats } = inputs;
  return {
    name:
      `${rows} rows, ${colours} colours, ${components} components, ${each} anchors, ${levels} levels` +
      (one.spread ? ', clamped scales' : ''),
    inputs,
    nats: once(() => reference.logisticMixture(shape, parameters, targets, anchors, rows)),
    gradients: once(() => reference.logisticMixtureGradient(shape, parameters, targets, anchors, dNats, rows)),
  };
});

describe.each(implementations)('$name', (implementation) => {
  const { name: instructionSet, kernels } = implementation;
  beforeAll(() => use(implementation));

  describe.each(TABLE)('a mixture of $name', ({ name, inputs, nats, gradients }) => {
    test('equals its float64 reference', () => {
      const received = natsOf(kernels, inputs);
      expectClose({ operation: 'logisticMixture', shape: name, instructionSet, expected: nats(), received });
    });

    test('has the gradients of its float64 reference', () => {
      const common = { operation: 'logisticMixtureGradient', instructionSet } as const;
      const received = gradientsOf(kernels, inputs);
      for (const array of ['dParameters', 'dAnchors'] as const)
        expectClose({ ...common, shape: `${array}, ${name}`, expected: gradients()[array], received: received[array] });
    });

    test('gives probabilities that sum to one over the levels of a colour, given the earlier ones', () => {
      const { shape, rows, parameters, targets, anchors } = inputs;
      const { levels, colours } = shape;
      const repeat = (array: Float32Array): Float32Array => {
        const columns = array.length / rows;
        return Float32Array.from({ length: levels * columns }, (_, i) => array[i % columns]);
      };
      const given = { shape, rows: levels, parameters: repeat(parameters), anchors: repeat(anchors) };
      for (let colour = 0; colour < colours; colour++) {
        const allLevels = Int32Array.from({ length: levels * colours }, (_, i) =>
          i % colours === colour ? Math.floor(i / colours) : targets[i % colours],
        );
        const received = natsOf(kernels, { ...given, targets: allLevels });
        const sum = received.reduce((sum, value, i) => sum + (i % colours === colour ? Math.exp(-value) : 0), 0);
        expect(sum).toBeCloseTo(1, 5);
      }
    });
  });

  test('a mixture far from its target, narrow or wide beyond the clamp, has finite nats and no scale gradient', () => {
    const given = {
      shape: { components: 1, levels: 256, meanScale: 16, colours: 1, anchors: 1 } as const,
      rows: 3,
      parameters: Float32Array.of(0, 0, -20, 0, 0, 20, 0, 0, -20),
      targets: Int32Array.of(250, 250, 0),
      anchors: Float32Array.of(0, 0, 200),
      dNats: Float32Array.of(1, 1, 1),
    };
    const nats = natsOf(kernels, given);
    const { dParameters, dAnchors } = gradientsOf(kernels, given);
    // Far out the tail is exponential, with the smallest scale exp(-3): -log p = distance / scale.
    expect(nats[0] / (249.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(nats[2] / (199.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(dParameters[1] / (-16 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(dAnchors[0] / -Math.exp(3)).toBeCloseTo(1, 5);
    expect([dParameters[2], dParameters[5], dParameters[8]].map(Math.abs)).toEqual([0, 0, 0]);
    expect(Number.isFinite(nats[1])).toBe(true);
  });

  test('a first colour of thousands of nats costs the later ones no digits', () => {
    const [components, levels, meanScale] = [2, 256, 16];
    const zeros = [0, 0];
    // Both components are equally far from the first colour, so that it says nothing of the choice.
    const first = [0.3, 0.3, 0, 0, -20, -20];
    const later = [0.7, -0.4, 0.1, -0.2, 0.5, 0.9];
    const [second] = natsOf(kernels, {
      shape: { components, levels, meanScale, colours: 1, anchors: 1 },
      rows: 1,
      parameters: Float32Array.from(later),
      targets: Int32Array.of(101),
      anchors: Float32Array.of(100),
    });
    const nats = natsOf(kernels, {
      shape: { components, levels, meanScale, colours: 3, anchors: 1 },
      rows: 1,
      parameters: Float32Array.from([...first, ...later, ...zeros, ...later, ...zeros, ...zeros]),
      targets: Int32Array.of(250, 101, 101),
      anchors: Float32Array.of(0, 100, 100),
    });
    expect(nats[0] / (249.5 * Math.exp(3))).toBeCloseTo(1, 5);
    expect(Math.abs(nats[1] - second)).toBeLessThan(1e-6);
  });
});

describe.each(kernelSets.map((kernels) => ({ name: kernels.instructionSet, kernels })))('$name', ({ kernels }) => {
  test.each(TABLE)('gives a row the same bits wherever it stands: $name', ({ inputs }) => {
    const { shape, rows } = inputs;
    const part = <T extends Float32Array | Int32Array>(array: T, row: number): T => {
      const columns = array.length / rows;
      return array.slice(row * columns, (row + 1) * columns) as T;
    };
    const nats = natsOf(kernels, inputs);
    const { dParameters, dAnchors } = gradientsOf(kernels, inputs);
    for (let row = 0; row < rows; row++) {
      const { parameters, targets, anchors, dNats } = inputs;
      const alone = {
        shape,
        rows: 1,
        parameters: part(parameters, row),
        targets: part(targets, row),
        anchors: part(anchors, row),
        dNats: part(dNats, row),
      };
      expect(natsOf(kernels, alone)).toEqual(part(nats, row));
      expect(gradientsOf(kernels, alone)).toEqual({
        dParameters: part(dParameters, row),
        dAnchors: part(dAnchors, row),
      });
    }
  });

  test.each(TABLE.filter(({ inputs }) => inputs.shape.colours === 3))(
    'gives colours the same bits whatever the later ones are, and not whatever the earlier ones are: $name',
    ({ inputs }) => {
      const { targets, shape } = inputs;
      const nats = natsOf(kernels, inputs);
      for (let changed = 0; changed < 3; changed++) {
        const others = targets.map((target, i) => (i % 3 === changed ? (target + 1) % shape.levels : target));
        const received = natsOf(kernels, { ...inputs, targets: others });
        const isSame = [0, 1, 2].map((colour) => nats.every((value, i) => i % 3 !== colour || value === received[i]));
        expect(isSame).toEqual([0, 1, 2].map((colour) => colour < changed));
      }
    },
  );

  test('makes of three colours with one component and no linear terms three rows of one colour, to the bit', () => {
    const apart = inputsOf({ rows: 33, shape: { components: 1, levels: 256, meanScale: 16, colours: 1, anchors: 2 } });
    const { parameters: p } = apart;
    const parameters = Array.from({ length: 11 }, (_, row) => {
      const [red, green, blue] = [0, 1, 2].map((colour) => p.slice(9 * row + 3 * colour, 9 * row + 3 * colour + 3));
      return [...red, ...green, 0, ...blue, 0, 0];
    });
    const shape = { ...apart.shape, colours: 3 } as const;
    const together = { ...apart, shape, rows: 11, parameters: Float32Array.from(parameters.flat()) };
    expect(natsOf(kernels, together)).toEqual(natsOf(kernels, apart));
  });
});

const fused = kernelSets.filter(({ instructionSet }) => ['avx2', 'avx512', 'neon'].includes(instructionSet));

(fused.length > 1 ? describe : describe.skip)('instruction sets that fuse products and sums', () => {
  test.each(TABLE)('give the same bits: $name', ({ inputs }) => {
    const [expected, ...others] = fused.map((kernels) => bits(kernels, inputs));
    for (const received of others) expect(received).toEqual(expected);
  });
});

const nativeSets = kernelSets.filter(({ instructionSet }) => instructionSet !== 'typescript');

(nativeSets.length > 0 ? describe : describe.skip)('the addon', () => {
  const addon = nativeSets.length > 0 ? loadAddon() : null;
  const threads = addon?.threads() ?? 1;
  afterEach(() => addon!.setThreads(threads));

  const shape = { components: 3, levels: 256, meanScale: 16, colours: 3, anchors: 2 } as const;

  test('gives the same bits with 1, 2, 3 and 4 threads', () => {
    const many = inputsOf({ rows: 1500, shape });
    for (const kernels of nativeSets) {
      addon!.setThreads(1);
      const expected = bits(kernels, many);
      for (const count of [2, 3, 4]) {
        addon!.setThreads(count);
        expect(bits(kernels, many)).toEqual(expected);
      }
    }
  });

  const given = inputsOf({ rows: 2, shape });
  test.each<[string, Partial<MixtureInputs>, string]>([
    ['two colours', { shape: { ...shape, colours: 2 as 3 } }, 'shape.colours: expected 1 or 3, received 2;'],
    ['no anchor', { shape: { ...shape, anchors: 0 } }, 'shape.anchors: expected an integer from 1 to'],
    ['parameters of one colour', { parameters: new Float32Array(18) }, 'parameters: expected 72 values ([2,36])'],
    ['targets of one colour', { targets: new Int32Array(2) }, 'targets: expected 6 values ([2,3]), received 2;'],
    ['a target beyond the levels', { targets: Int32Array.of(0, 1, 2, 3, 4, 256) }, 'received 256 at 5;'],
    ['one anchor of two', { anchors: new Float32Array(6) }, 'anchors: expected 12 values ([2,6]), received 6;'],
    ['dNats of one colour', { dNats: new Float32Array(2) }, 'dNats: expected 6 values ([2,3]), received 2;'],
  ])('refuses, before C++ runs, %s', (_, changed, message) => {
    const call = () => gradientsOf(nativeSets[0], { ...given, ...changed });
    expect(call).toThrow(PxvError);
    expect(call).toThrow(message);
  });
});
