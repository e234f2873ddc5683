import { CallWriter } from '../backend/call.js';
import { currentInstructionSet } from '../backend/current-backend.js';
import type { Tap } from '../backend/convolution-shape.js';
import { libraryOf, type EngineFunctions, type EngineHandle } from '../backend/kernel-library.js';
import type { KernelDescription } from '../backend/kernels/description.js';
import { drawing } from '../backend/kernels/drawing.js';
import { argumentError } from '../backend/kernels/geometry.js';
import type { InstructionSet } from '../backend/kernels/index.js';
import { previousCellOffset, hiddenFeatures, stateToState } from '../backend/scan-shape.js';
import { errorFactory, type PxvError } from '../foundation/errors.js';
import { Philox } from '../foundation/philox.js';
import { anchorCount, subPixelScale } from '../model/description.js';
import { earlierNumbers } from '../model/earlier-pixels/index.js';
import type { Slot } from '../model/groups.js';
import { headNumbers } from '../model/heads/index.js';
import type { Network } from '../model/network.js';
import type { Op } from '../model/ops/index.js';
import type { Program } from '../model/program.js';
import { noiseCounters, sampleIndices, type DrawOptions } from './draw.js';

/** Arrays that a draw of a batch of images reads and writes, by default [image, height, width, channel]. */
export interface EngineArrays {
  /** Index of the images' scale; 0: the coarsest. */
  scale: number;
  /** Feature map of the conditioning, [image, height, width, features]; null for an unconditional network. */
  map: Float32Array | null;
  /** Anchors in levels, [image, height, width, channel, anchor]; null: one anchor, the middle level, everywhere. */
  anchors: Float32Array | null;
  /**
   * Reference frames of the earlier-pixels methods, [image, height, width, reference, channel], the newest first; null:
   * a network with such methods reads the features of no match.
   */
  references: Float32Array | null;
  /** Levels: known ones are kept and add nothing to the nats; -1 for those to draw or decode, written here. */
  levels: Int16Array;
  /**
   * Receives the outputs for the head, [image, height, width, outputs], those of each channel in turn; absent: they are
   * not kept.
   */
  outputs?: Float32Array | undefined;
  /**
   * Receives the probability of each level, [image, height, width, channel, levels]; absent: they are not kept. Those
   * of a mixture are at the sampling temperature, or at 1 if this is 0; those of other heads are at 1.
   */
  probabilities?: Float64Array | undefined;
}

/** Draw options that `ImageEngine` reads. */
export type EngineOptions = Pick<DrawOptions, 'seed' | 'samples' | 'frame' | 'settings' | 'coded' | 'onRow' | 'signal'>;

const call = new CallWriter('draw images', drawing as unknown as KernelDescription);

/** Engine that runs a network sub-pixel by sub-pixel, computes each value once, and draws or decodes images. */
export class ImageEngine {
  private readonly functions: EngineFunctions;
  private readonly handle: EngineHandle;
  private readonly model: ReturnType<typeof modelNumbers>;

  /**
   * @param weights arrays in the order of the network's parameters; they are copied
   * @param instructionSet instruction set whose whole-image kernels give the same outputs, bit for bit
   * @throws PxvError `USAGE` if the number or length of `weights` does not match the network
   */
  constructor(
    private readonly network: Network,
    weights: readonly Float32Array[],
    readonly instructionSet: InstructionSet = currentInstructionSet(),
  ) {
    const { program, conditioningParameters } = network;
    const parameters = weights.slice(conditioningParameters);
    program.parameters.forEach(({ name, shape }, index) => {
      const length = shape.reduce((all, size) => all * size, 1);
      if (parameters[index]?.length !== length) throw wrongArray(name, length, parameters[index]?.length);
    });
    this.model = modelNumbers(network);
    this.functions = libraryOf(instructionSet).engine(instructionSet);
    this.handle = this.functions.makeEngine(encodeProgram(program), parameters);
  }

  /**
   * Draws or decodes a batch of images into `images.levels`. The arrays may not be used until the promise settles;
   * other batches may be drawn meanwhile.
   * @returns -log P of each image's drawn sub-pixels under the network at temperature 1, in nats; 0 if they were
   *   decoded
   * @throws PxvError `CHECKPOINT` if a sub-pixel's probabilities have no finite positive sum; `USAGE` if an array's
   *   length does not fit; `INPUT` if the seed is invalid; the reason of `options.signal` if aborted; errors of `onRow`
   */
  async draw(images: EngineArrays, options: EngineOptions): Promise<Float64Array> {
    const { scale, map, anchors, references, levels } = images;
    const { settings, onRow, signal } = options;
    signal?.throwIfAborted();
    const { program, description } = this.network;
    const batch = sampleIndices(options.samples).length;
    const coded = options.coded?.[scale] ?? null;
    // Bytes beyond the end are zeros. An empty array has no address, by which the engine knows drawing from decoding.
    const stream = coded?.length === 0 ? Uint8Array.of(0) : coded;
    const pixels = batch * description.size.height * description.size.width;
    if (program.map !== null && map === null) throw wrongArray('map', pixels * program.map.features, 0);
    if (this.model.references > 0 && anchors === null)
      throw wrongArray('anchors', levels.length * this.model.anchorCount, 0);
    const nats = new Float64Array(batch);
    const numbers = {
      ...this.model,
      batch,
      temperature: settings.temperature,
      maxDeviation: (settings.maxDeviation ?? Infinity) * ((description.levels - 1) / 255),
      carryWithin: settings.carryWithin ?? 1,
      streamBytes: stream?.length ?? 0,
    };
    const arrays = call.write(numbers, {
      map: program.map === null ? null : map,
      anchors,
      levels,
      nats,
      outputs: images.outputs ?? null,
      probabilities: images.probabilities ?? null,
      stream,
      references: numbers.references === 0 ? null : references,
      key: new Philox(options.seed).key,
      counters: noiseCounters(options, scale),
    });
    const stop = new Int32Array(1);
    const onAbort = () => (stop[0] = 1);
    // An error thrown into C++ would be lost.
    const failures: unknown[] = [];
    const onRows = (rows: number) => {
      try {
        if (stop[0] === 0) onRow?.(rows / description.size.height);
      } catch (error) {
        failures.push(error);
        stop[0] = 1;
      }
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const sum = await this.functions.draw(this.handle, call, arrays, stop, onRow === undefined ? null : onRows);
      if (failures.length > 0) throw failures[0];
      signal?.throwIfAborted();
      if (sum !== 1) throw unusableProbabilities(sum);
      return nats;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Returns the numbers of the drawing kernel that depend on the network alone. */
function modelNumbers({ description, program }: Network) {
  const { size, channels, levels, head } = description;
  return {
    ...size,
    colours: channels,
    levels,
    mapFeatures: program.map?.features ?? 0,
    outFeatures: program.out.features,
    anchorCount: anchorCount(description),
    ...headNumbers(head),
    ...subPixelScale(description),
    ...earlierNumbers(description),
  };
}

/** Returns a `CHECKPOINT` error for probabilities of levels whose sum, `received`, is not finite or not above 0. */
export function unusableProbabilities(received: number): PxvError {
  const remedy = 'use another model; the outputs of this one are not finite';
  return errorFactory('CHECKPOINT', 'draw a level')('probabilities', 'a finite sum above 0', String(received), remedy);
}

function wrongArray(argument: string, expected: number, received: number | undefined): PxvError {
  return argumentError('draw images', argument, `${expected} numbers`, `${received || 'none'}`);
}

const readyCodes: Record<Slot['ready'], number> = { given: 0, image: 1, pixel: 2, row: 3, earlier: 4 };
const opCodes: Record<Op['op'], number> = { conv: 0, lstm: 1, add: 2 };

/**
 * Returns a program as encoded for native/engine/program.cc: absent numbers are 0, absent slots and parameters -1. The
 * encoding has a version: see `PROGRAM_VERSION`.
 */
export function encodeProgram({ size, slots, ops, image, map, earlierFeatures, out }: Program): Int32Array {
  return Int32Array.from([
    ...[size.height, size.width, image.id, map?.id ?? -1, earlierFeatures?.id ?? -1, out.id],
    slots.length,
    ...slots.flatMap(({ ready, groups }) => [readyCodes[ready], groups.length, ...groups]),
    ops.length,
    ...ops.flatMap(opNumbers),
  ]);
}

function opNumbers(op: Op): number[] {
  switch (op.op) {
    case 'conv': {
      const { x, plus, out, relu, weights, bias, shape } = op;
      const slots = [x.id, plus?.id ?? -1, out.id];
      const parameters = [weights, bias, -1];
      return [opCodes.conv, ...slots, Number(relu), 0, 0, 0, ...parameters, ...productNumbers(out.groups, shape.taps)];
    }
    case 'lstm': {
      const { gates, out, shape, weights, initial } = op;
      const { dy, dx } = previousCellOffset[shape.scanOrder];
      const groups = shape.groups.map((size) => 4 * size);
      const taps = stateToState(shape).taps.map((tap) => ({ ...tap, sees: groups.map(() => hiddenFeatures(shape)) }));
      const slots = [gates.id, -1, out.id];
      return [opCodes.lstm, ...slots, 0, 0, dy, dx, weights, -1, initial ?? -1, ...productNumbers(groups, taps)];
    }
    case 'add': {
      const { a, b, rowsDown, out } = op;
      return [opCodes.add, a.id, b.id, out.id, 0, rowsDown, 0, 0, -1, -1, -1, ...productNumbers([], [])];
    }
  }
}

function productNumbers(groups: readonly number[], taps: readonly Tap[]): number[] {
  const tapNumbers = taps.flatMap(({ dy, dx, position, sees }) => [dy, dx, position, ...sees]);
  return [groups.length, ...groups, taps.length, ...tapNumbers];
}
