import { MAX_IDLE_BYTES } from '../backend/native-backend.js';
import { PoolLedger } from '../backend/pool-ledger.js';
import { conditioningOf } from '../conditioning/index.js';
import { parametersOfScale, type Chain } from './chain.js';
import { earlierBytes } from './earlier-pixels/index.js';
import { frameBytes } from './examples.js';
import type { Network } from './network.js';
import { ruleOf } from './ops/index.js';
import { LONGEST_STRIDE, SUBSEQUENCES } from './subsequences.js';
import { lastReads } from './whole-image.js';

/** Bytes of a float32. */
const FLOAT = 4;
/** Bytes of a process that has loaded everything and computes nothing, and of what JavaScript has not collected yet. */
const PROCESS = 160 * 2 ** 20;
/** Arrays of an image's size that an example costs besides the program's slots: levels, scaled, targets, anchors, nats. */
const IMAGE_ARRAYS = 20;
/**
 * Arrays that tfjs holds for what each layer of a conditioning puts out: the convolution, the bias, the ReLU and here and
 * there a sum; for gradients one more.
 */
const CONDITIONING_ARRAYS = { forward: 4, training: 5 };

/** Arrays of as many numbers as are made of earlier pixels: what each method writes, all side by side, and the gradient of that. */
const EARLIER_ARRAYS = 3;

/** What decides the memory of a training besides its chain. */
export interface TrainingWork {
  /** Examples of a step. */
  batch: number;
  /** Examples of a step that the conditionings alone run for, one for each time that a frame is expected in a roll-out. */
  conditioned: number;
  /** Arrays that the optimiser keeps of each parameter's size. */
  optimiserStates: number;
  /** What is trained: see `trainedSchema` of src/training/stages.ts. Of what is not, nothing is kept for gradients. */
  trains: 'all' | 'conditioning' | 'decoder' | number;
  /** Examples scored in a validation, and how many of them together at most. */
  validationExamples: number;
  validationBatch: number;
}

/**
 * Most bytes that a process trains a chain in, on the native backend: what the forward pass keeps, gradients on their way
 * back, the head's outputs, the conditionings, weights and optimiser states, the batch, and the process itself.
 */
export function trainingMemory(chain: Chain, work: TrainingWork): number {
  const { batch, conditioned, optimiserStates, validationExamples, trains } = work;
  const among = typeof trains === 'number' ? [trains] : chain.scales.map((_, scale) => scale);
  const [learnsConditioning, learnsDecoder] = [trains !== 'decoder', trains !== 'conditioning'];
  const ledger = new PoolLedger(MAX_IDLE_BYTES);
  const all = chain.parameters.map(({ shape }) => product(shape));
  const places = all.map((_, index) => index);
  const trained = among
    .flatMap((scale) => {
      const own = parametersOfScale(chain, scale, places);
      const { conditioningParameters } = chain.scales[scale];
      return learnsDecoder
        ? own.slice(learnsConditioning ? 0 : conditioningParameters)
        : own.slice(0, conditioningParameters);
    })
    .map((index) => all[index]);
  // The first step fills the pool, the second uses it again.
  for (let step = 0; step < 2; step++) {
    const conditions = learnsConditioning ? [] : among.map((scale) => condition(ledger, chain.scales[scale], batch));
    const passes = among.map((scale) => {
      const network = chain.scales[scale];
      const given = learnsConditioning ? conditioning(ledger, network, batch + conditioned, true) : [];
      return learnsDecoder ? [...given, ...forward(ledger, network, batch, true)] : given;
    });
    passes.push(...conditions);
    trained.forEach((length) => ledger.take(length));
    if (learnsDecoder) for (const scale of [...among].reverse()) backward(ledger, chain.scales[scale], batch);
    for (const pass of passes) for (const length of pass) ledger.release(length);
    for (const length of trained) {
      for (let array = 0; array <= optimiserStates; array++) ledger.take(length);
      if (step > 0) for (let array = 0; array <= optimiserStates; array++) ledger.release(length);
    }
    trained.forEach((length) => ledger.release(length));
  }
  const together = Math.min(batch, work.validationBatch);
  for (const count of [together, validationExamples % together]) score(ledger, chain, count);
  // Copies of weights and states: their first values, and later those on their way to a file.
  const copies = FLOAT * sum(all) * (1 + optimiserStates);
  // A roll-out keeps each window for its gradient.
  return PROCESS + ledger.peakBytes + copies + imageBytes(chain, batch + conditioned);
}

/** Most bytes that a process scores examples of a chain in, `batch` of them together. */
export function scoringMemory(chain: Chain, batch: number): number {
  const ledger = new PoolLedger(MAX_IDLE_BYTES);
  // The last examples are fewer, and their arrays shorter, while those of the others wait to be collected.
  for (const count of [batch, Math.ceil(batch / 2)]) score(ledger, chain, count);
  return PROCESS + ledger.peakBytes + weightBytes(chain, 2) + imageBytes(chain, batch);
}

/** Most bytes that a process scores examples of a chain in, one at a time, with weights that learn from each: see `Adaptation`. */
export function adaptingMemory(chain: Chain): number {
  const work = { batch: 1, conditioned: 0, optimiserStates: 2, trains: 'decoder' } as const;
  // Those of the model, and their average, beside those that learn.
  return trainingMemory(chain, { ...work, validationExamples: 1, validationBatch: 1 }) + weightBytes(chain, 2);
}

/** Rows of a slot that the engine keeps, about: those that a 3x3 reads, as they are and after a ReLU. */
const ENGINE_ROWS = 4;

/** Most bytes that a process draws images of a chain in, `batch` of them side by side. */
export function drawingMemory(chain: Chain, batch: number): number {
  const scales = chain.scales.map((network) => {
    const { program, description } = network;
    const { width, height } = description.size;
    const rows = ENGINE_ROWS * width * sum(program.slots.map(({ features }) => features));
    const map = width * height * (program.map?.features ?? 0);
    const given = map + CONDITIONING_ARRAYS.forward * activations(network, false);
    return batch * (FLOAT * (rows + given + IMAGE_ARRAYS * frameBytes(description)) + earlierBytes(description));
  });
  const { context } = chain.exampleShape;
  // What a future remembers of all frames, with room for one more, and of each slower subsequence, with what was known of it.
  const slower = SUBSEQUENCES.length - 1;
  const remembered = (LONGEST_STRIDE * context + 1 + slower * (2 * context + 1)) * frameBytes(chain.exampleShape);
  // The engine has the weights a second time, in the order in which it reads them.
  return PROCESS + weightBytes(chain, 3) + batch * remembered + Math.max(...scales);
}

/**
 * Runs the conditionings of a network in the ledger, without gradients.
 *
 * @returns lengths of the arrays that are still there
 */
function condition(ledger: PoolLedger, network: Network, batch: number): number[] {
  const given = Array.from({ length: CONDITIONING_ARRAYS.forward }, () => batch * activations(network, false));
  given.forEach((length) => ledger.take(length));
  const made = batch * network.program.size.height * network.program.size.width * (network.program.map?.features ?? 0);
  ledger.take(made);
  given.forEach((length) => ledger.release(length));
  return [made];
}

/**
 * Takes what the conditionings of a network hold while the network runs.
 *
 * @returns lengths of the arrays
 */
function conditioning(ledger: PoolLedger, network: Network, examples: number, gradients: boolean): number[] {
  const arrays = gradients ? CONDITIONING_ARRAYS.training : CONDITIONING_ARRAYS.forward;
  const given = Array.from({ length: arrays }, () => examples * activations(network, gradients));
  given.forEach((length) => ledger.take(length));
  return given;
}

/**
 * Runs the forward pass in the ledger, where the conditionings have run.
 *
 * @returns lengths of the arrays that are still there
 */
function forward(ledger: PoolLedger, { program }: Network, batch: number, gradients: boolean): number[] {
  const pixels = batch * program.size.height * program.size.width;
  const last = lastReads(program, gradients);
  const live = new Map<number, number>();
  // What is made of earlier pixels, and its way to what the network reads.
  const given = Array.from({ length: EARLIER_ARRAYS }, () => pixels * (program.matched?.features ?? 0));
  given.forEach((length) => ledger.take(length));
  for (const op of program.ops) {
    for (const { id, features } of ruleOf(op).writes(op)) {
      ledger.take(pixels * features);
      live.set(id, pixels * features);
    }
    for (const id of last.get(op)!) {
      ledger.release(live.get(id)!);
      live.delete(id);
    }
  }
  return [...given, ...live.values()];
}

/** Runs the backward pass in the ledger, as `BackwardPass` does: a slot's gradient may be that of others as well. */
function backward(ledger: PoolLedger, { program }: Network, batch: number): void {
  const pixels = batch * program.size.height * program.size.width;
  /** By slot: the array that holds its gradient, which is an object of its own here. */
  const gradients = new Map<number, { length: number }>();
  const make = (length: number) => {
    ledger.take(length);
    return { length };
  };
  const set = (id: number, gradient: { length: number } | undefined) => {
    const before = gradients.get(id);
    if (gradient === undefined) gradients.delete(id);
    else gradients.set(id, gradient);
    if (before === undefined || before === given || [...gradients.values()].includes(before)) return;
    ledger.release(before.length);
  };
  const given = make(pixels * program.out.features);
  gradients.set(program.out.id, given);
  for (const op of [...program.ops].reverse()) {
    const { made, passed } = ruleOf(op).gradients(op);
    const dy = gradients.get(op.out.id)!;
    for (const { id } of passed) set(id, gradients.has(id) ? make(dy.length) : dy);
    for (const { id, features } of made) set(id, make(pixels * features));
    set(op.out.id, undefined);
  }
  for (const id of [...gradients.keys()]) set(id, undefined);
  ledger.release(given.length);
}

/** Runs a scoring in the ledger, scale after scale. */
function score(ledger: PoolLedger, { scales }: Chain, batch: number): void {
  const passes = scales.map((network) => [
    ...conditioning(ledger, network, batch, false),
    ...forward(ledger, network, batch, false),
  ]);
  for (const length of passes.flat()) ledger.release(length);
}

/** Bytes of the examples' images in all their forms. */
function imageBytes({ scales, exampleShape }: Chain, batch: number): number {
  const arrays = IMAGE_ARRAYS + 4 * exampleShape.context;
  return FLOAT * batch * arrays * sum(scales.map(({ description }) => frameBytes(description)));
}

function activations({ description }: Network, gradients: boolean): number {
  return sum(description.conditioning.map((one) => conditioningOf(one).activations(one, description, gradients)));
}

function weightBytes({ parameters }: Chain, copies: number): number {
  return copies * FLOAT * sum(parameters.map(({ shape }) => product(shape)));
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, side) => all * side, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
