import { libraryOf } from '../../src/backend/kernel-library.js';
import { anchorCount } from '../../src/model/description.js';
import { earlierNumbers } from '../../src/model/earlier-pixels/index.js';
import { buildNetwork, type Network } from '../../src/model/network.js';
import { ImageEngine, type EngineArrays, type EngineOptions } from '../../src/sampling/engine.js';
import { kernelSets } from '../backend/implementations.js';
import { expectRims, guardedArray } from '../backend/guarded-array.js';
import { tinyModels } from '../model/tiny-networks.js';
import { testAttack } from './attack.js';
import type { Mutation } from './mutation.js';

const networks = tinyModels.flatMap(([, scales]) => scales).map((description) => buildNetwork(description));
const floats = [NaN, Infinity, -Infinity, 0, -0, 1e38, -1e38, 1e-45, 300, -300];

/** Numbers of a network, with some that are hostile. */
function numbers(mutation: Mutation, length: number, scale: number): Float32Array {
  const isHostile = mutation.next() < 0.3;
  const array = guardedArray('float', length);
  for (let at = 0; at < length; at++)
    array[at] = isHostile && mutation.next() < 0.1 ? mutation.pick(floats) : scale * (2 * mutation.next() - 1);
  return array;
}

/** A length, or sometimes another. */
const lengthOf = (mutation: Mutation, length: number) =>
  mutation.next() < 0.02 ? Math.max(0, length + mutation.below(5) - 2) : length;

interface Case {
  network: Network;
  weights: Float32Array[];
  set: (typeof kernelSets)[number];
  images: EngineArrays;
  options: EngineOptions;
}

function makeCase(mutation: Mutation): Case {
  const network = mutation.pick(networks);
  const { description, program, parameters } = network;
  const { size, channels, levels } = description;
  const batch = mutation.below(4);
  const pixels = batch * size.width * size.height;
  const weights = parameters.map(({ shape }) =>
    numbers(
      mutation,
      lengthOf(
        mutation,
        shape.reduce((product, side) => product * side, 1),
      ),
      0.3,
    ),
  );
  const known = guardedArray('int16_t', lengthOf(mutation, pixels * channels));
  for (let at = 0; at < known.length; at++)
    known[at] = mutation.next() < 0.7 ? -1 : mutation.next() < 0.95 ? mutation.below(levels) : mutation.number();
  const maybe = (length: number, scale: number) =>
    mutation.next() < 0.1 ? null : numbers(mutation, lengthOf(mutation, length), scale);
  const outputs = mutation.next() < 0.5 ? numbers(mutation, pixels * program.out.features, 1) : undefined;
  const isDecoded = batch === 1 && mutation.next() < 0.3;
  return {
    network,
    weights,
    set: mutation.pick(kernelSets),
    images: {
      scale: 0,
      map: maybe(pixels * (program.map?.features ?? 0), 1),
      anchors: maybe(pixels * channels * anchorCount(description), 128),
      references: maybe(pixels * channels * earlierNumbers(description).references, 128),
      levels: known,
      outputs,
    },
    options: {
      seed: mutation.next() < 0.9 ? mutation.below(1000) : mutation.number(),
      samples: mutation.next() < 0.95 ? batch : mutation.number(),
      frame: mutation.next() < 0.9 ? 0 : mutation.number(),
      settings: {
        temperature: mutation.next() < 0.6 ? 1 : mutation.number(),
        ...(mutation.next() < 0.3 && { maxDeviation: mutation.number() }),
        ...(mutation.next() < 0.5 && { carryWithin: mutation.next() < 0.7 ? 0.5 : mutation.number() }),
      },
      coded: isDecoded ? [mutation.noise(mutation.below(200))] : undefined,
    },
  };
}

testAttack('the engine', {
  cases: [300, 30_000],
  make: makeCase,
  run: async ({ network, weights, set, images, options }) => {
    const engine = new ImageEngine(network, weights, set.instructionSet);
    try {
      return await engine.draw(images, options);
    } finally {
      for (const [name, array] of Object.entries(images as object))
        if (ArrayBuffer.isView(array)) expectRims(name, array as Float32Array);
    }
  },
});

testAttack('the number of threads', {
  cases: [200, 5000],
  make: (mutation) => ({ library: libraryOf(mutation.pick(kernelSets).instructionSet), count: mutation.number() }),
  run: ({ library, count }) => {
    const before = library.threads();
    try {
      // Threads are never ended: a few are enough.
      if (count <= 8 || count > 1024) library.setThreads(count);
    } finally {
      library.setThreads(before);
    }
  },
});

testAttack('the memory of arrays', {
  cases: [200, 5000],
  make: (mutation) => ({ memory: mutation.pick(kernelSets).memory, length: Math.min(mutation.number(), 2 ** 16) }),
  run: ({ memory, length }) => {
    const array = memory.make(Math.max(0, Math.trunc(length)));
    array.fill(1);
    memory.free(array);
  },
});
