import { CallWriter } from '../backend/call.js';
import { instructionSetInUse } from '../backend/backend-in-use.js';
import { type EngineFunctions, type EngineHandle, libraryOf } from '../backend/kernel-library.js';
import type { KernelDescription } from '../backend/kernels/description.js';
import { drawing } from '../backend/kernels/drawing.js';
import { refusal } from '../backend/kernels/geometry.js';
import type { InstructionSet } from '../backend/kernels/index.js';
import type { PxvError } from '../foundation/errors.js';
import { earlierNumbers } from '../model/earlier-pixels/index.js';
import { headOf, type HeadDescription } from '../model/heads/index.js';
import { anchorCount, subPixelScale } from '../model/image-input.js';
import type { Network } from '../model/network.js';
import { unusableProbabilities, type DrawSettings } from './draw.js';
import { Noise, type NoiseStream } from './noise.js';
import { programNumbers } from './program-numbers.js';

export interface EngineSettings extends DrawSettings {
  /**
   * Share, above 0 and up to 1, of what a drawn sub-pixel has beyond its first anchor, the expected picture, that those after it in
   * the image are drawn from; default 1: they are drawn from it as it is (docs/decisions/0013-how-futures-are-drawn.md).
   */
  carryWithin?: number;
}

/** A batch of images to draw. Arrays are [image, height, width, channel] where nothing else is said. */
export interface EngineDraw {
  /** The conditioning map, [image, height, width, features]; null for a network without one. */
  map: Float32Array | null;
  /** In levels, those of a sub-pixel together; null: a single one, the middle level, everywhere. */
  anchors: Float32Array | null;
  /** As `joinedReferences` gives them; null: nothing is made of the pixels before each. */
  references: Float32Array | null;
  /** Levels that are known, which are kept and count nothing; -1 for those to draw or read, which are written here. */
  levels: Int16Array;
  /** Of a single image, what the kernel `encoding` has written: levels are read from it in place of drawing. */
  coded?: Uint8Array | undefined;
  noise: Noise;
  /** Of each image: which numbers of the noise it takes. */
  streams: readonly NoiseStream[];
  settings: EngineSettings;
  /** Receives what the head reads of every sub-pixel, [image, height, width, channel, outputs], where wanted. */
  outputs?: Float32Array;
  /** Receives the probability of each level of every sub-pixel, [image, height, width, channel, levels], where wanted. */
  probabilities?: Float64Array;
  /** Called after each row with the share of the work that is done. */
  onProgress?: ((share: number) => void) | undefined;
  /** Looked at after each row. */
  signal?: AbortSignal | undefined;
}

const call = new CallWriter('draw images', drawing as unknown as KernelDescription);

/** Runs a network sub-pixel by sub-pixel, each value computed once, and draws images on the way. */
export class ImageEngine {
  private readonly functions: EngineFunctions;
  private readonly handle: EngineHandle;
  private readonly model: ReturnType<typeof modelNumbers>;

  /**
   * @param weights arrays in the order of the network's parameters; they are copied
   * @param instructionSet the set whose whole-image kernels give the same outputs, bit for bit
   */
  constructor(
    private readonly network: Network,
    weights: readonly Float32Array[],
    readonly instructionSet: InstructionSet = instructionSetInUse(),
  ) {
    const { program, conditioningParameters } = network;
    const parameters = weights.slice(conditioningParameters);
    program.parameters.forEach(({ name, shape }, index) => {
      const length = shape.reduce((all, size) => all * size, 1);
      if (parameters[index]?.length !== length) throw wrongArray(name, length, parameters[index]?.length);
    });
    this.model = modelNumbers(network);
    this.functions = libraryOf(instructionSet).engine(instructionSet);
    this.handle = this.functions.makeEngine(programNumbers(program), parameters);
  }

  /**
   * Draws a batch of images. Its arrays may not be used before it is done; other batches may be asked for meanwhile.
   * @returns -log P of what was drawn of each image (at temperature 1), in nats
   * @throws the signal's reason once it is aborted; CHECKPOINT where probabilities have no finite positive sum; what
   *   `onProgress` throws
   */
  async draw(images: EngineDraw): Promise<Float64Array> {
    const { map, anchors, references, levels, noise, streams, coded, settings, onProgress, signal } = images;
    signal?.throwIfAborted();
    const { program, description } = this.network;
    const pixels = streams.length * description.size.height * description.size.width;
    if (program.map !== null && map === null) throw wrongArray('map', pixels * program.map.features, 0);
    if (this.model.references > 0 && anchors === null)
      throw wrongArray('anchors', levels.length * this.model.anchorCount, 0);
    const nats = new Float64Array(streams.length);
    const numbers = {
      ...{ ...this.model, batch: streams.length },
      ...{ temperature: settings.temperature, carryWithin: settings.carryWithin ?? 1 },
      streamBytes: coded?.length ?? 0,
    };
    const arrays = call.write(numbers, {
      ...{ map: program.map === null ? null : map, anchors, levels, nats, outputs: images.outputs ?? null },
      probabilities: images.probabilities ?? null,
      stream: coded ?? null,
      references: numbers.references === 0 ? null : references,
      key: Uint32Array.from(noise.key),
      counters: Uint32Array.from(streams.flatMap((stream) => Noise.words(stream))),
    });
    const stop = new Int32Array(1);
    const onAbort = () => (stop[0] = 1);
    // Thrown into C++ it would be lost.
    const failures: unknown[] = [];
    const onRow = (rows: number) => {
      try {
        if (stop[0] === 0) onProgress?.(rows / description.size.height);
      } catch (error) {
        failures.push(error);
        stop[0] = 1;
      }
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const sum = await this.functions.draw(this.handle, call, arrays, stop, onProgress === undefined ? null : onRow);
      if (failures.length > 0) throw failures[0];
      signal?.throwIfAborted();
      if (sum !== 1) throw unusableProbabilities(sum);
      return nats;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** What of a drawing's numbers follows from the network. */
function modelNumbers({ description, program }: Network) {
  const { size, channels, levels, head } = description;
  return {
    ...{ ...size, colours: channels, mapFeatures: program.map?.features ?? 0, outFeatures: program.out.features },
    ...{ levels, ...headNumbers(head), anchorCount: anchorCount(description), ...subPixelScale(description) },
    ...earlierNumbers(description),
  };
}

/** How a head is described to kernels that make distributions of its outputs. */
export function headNumbers(description: HeadDescription) {
  const head = headOf(description);
  const mixture = head.mixture?.(description) ?? { components: 0, meanScale: 0, together: false };
  return { headKind: head.kind, ...mixture };
}

function wrongArray(argument: string, expected: number, received: number | undefined): PxvError {
  return refusal('draw images', argument, `${expected} numbers`, `${received || 'none'}`);
}
