import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import { currentInstructionSet } from '../backend/current-backend.js';
import { libraryOf } from '../backend/kernel-library.js';
import { hasKernels } from '../backend/operation.js';
import type { Kernels } from '../backend/kernels/index.js';
import { downsampleExamples, selectScaleParameters, unknownMask } from '../model/chain.js';
import { toTensors, type Model } from '../model/model.js';
import { errorFactory } from '../foundation/errors.js';
import type { Levels } from '../foundation/levels.js';
import { disposeExamples, ExampleBuffer, examplesOfFirst, type Examples } from '../conditioning/context/examples.js';
import { NO_FRAMES } from '../conditioning/context/history.js';
import { anchorCount } from '../model/description.js';
import { getHead } from '../model/heads/index.js';
import { anchorsByPixel, runConditioning, runNetwork, type Network } from '../model/network.js';
import { AS_SCORED } from '../model/sampling-settings.js';
import { unusableProbabilities } from '../sampling/engine.js';
import { FrameSampler } from '../sampling/frame-sampler.js';

/** What a frame is written as. */
export interface CodedFrame {
  /** The bytes of each scale of the model, the coarsest first. */
  scales: readonly Uint8Array[];
  /** What it costs by the probabilities that were written by. */
  bits: number;
}

/** Bytes that a sub-pixel takes at most, and a few for the end. */
const MOST_BYTES = 4;
const END = 8;
/** Probabilities are counts of 2 to this. */
const COUNT_BITS = 30;

/**
 * Writes frames as bytes, as many as the model's likelihood says (see the kernel `encoding`), and reads them back: on machines whose
 * instruction sets round alike, with any number of threads.
 */
export class FrameCoder {
  private readonly tensors: Tensor[];
  private readonly sampler: FrameSampler;
  private readonly kernels: Kernels;

  /** @throws PxvError `USAGE` where whole images are not computed by the kernels that compute pixel by pixel */
  constructor(readonly model: Model) {
    if (!hasKernels()) throw otherBackend();
    this.tensors = toTensors(model.weights, model.chain.parameters);
    this.sampler = new FrameSampler(model);
    const instructionSet = currentInstructionSet();
    this.kernels = libraryOf(instructionSet).kernels(instructionSet);
  }

  dispose(): void {
    tf.dispose(this.tensors);
    this.sampler.dispose();
  }

  /**
   * @param examples frames, each with what it is given
   * @returns each frame as bytes
   * @throws PxvError `CHECKPOINT` where probabilities are not finite
   */
  async encode(examples: Examples): Promise<CodedFrame[]> {
    const { chain } = this.model;
    const frames = Array.from({ length: examples.image.shape[0] }, () => ({ scales: [] as Uint8Array[], bits: 0 }));
    for (const [scale, network] of chain.scales.entries()) {
      const tensors = tf.tidy(() => {
        const own = downsampleExamples(chain, scale, examples);
        const parameters = selectScaleParameters(chain, scale, this.tensors);
        const condition = runConditioning(network, parameters, own.given);
        const outputs = runNetwork(network, parameters, own.seen, condition, own.earlierPixels, false);
        const pixels = own.image.size / network.description.channels;
        return [own.image, outputs, anchorsByPixel(network, condition, pixels)].map((tensor) => tf.clone(tensor));
      });
      const [image, outputs, anchors] = await Promise.all(
        tensors.map(async (tensor) => (await tensor.data()) as Float32Array),
      );
      tf.dispose(tensors);
      for (const [at, frame] of frames.entries()) {
        const own = (values: Float32Array) => {
          const length = values.length / frames.length;
          return values.subarray(at * length, (at + 1) * length);
        };
        const { bytes, bits } = this.written(network, Int16Array.from(own(image)), own(outputs), own(anchors));
        frame.scales.push(bytes);
        frame.bits += bits;
      }
    }
    return frames;
  }

  /**
   * @param examples one, with what the frame was given; its image is not read. Its tensors are disposed of
   * @param coded what `encode` gave; of other bytes comes some other frame
   * @throws the signal's reason once it is aborted
   */
  async decode(examples: Examples, coded: CodedFrame['scales'], signal?: AbortSignal): Promise<Levels> {
    const options = { seed: 0, samples: 1, frame: 0, settings: AS_SCORED, coded, signal };
    const [{ levels }] = await this.sampler.draw(examples, options);
    return levels;
  }

  /** The same of a picture by itself. */
  async encodeOne(levels: Levels): Promise<CodedFrame> {
    const buffer = new ExampleBuffer(this.model.chain.exampleShape, 1);
    buffer.addAfter(NO_FRAMES, levels);
    const examples = buffer.tensors();
    const [coded] = await this.encode(examples);
    disposeExamples(examples);
    return coded;
  }

  /** @returns what `encodeOne` was given */
  decodeOne(coded: CodedFrame['scales'], signal?: AbortSignal): Promise<Levels> {
    return this.decode(examplesOfFirst(this.model.chain.exampleShape, 1), coded, signal);
  }

  private written(
    { description, program }: Network,
    targets: Int16Array,
    outputs: Float32Array,
    anchors: Float32Array,
  ) {
    const { size, channels, levels, head } = description;
    const unknown = unknownMask(description);
    const capacity = MOST_BYTES * targets.length + END;
    const [bytes, length] = [new Uint8Array(capacity), new Int32Array(1)];
    const intervals = new Uint32Array(2 * targets.length);
    const numbers = {
      ...getHead(head).numbers(head),
      pixels: size.width * size.height,
      colours: channels,
      levels,
      outFeatures: program.out.features,
      anchorCount: anchorCount(description),
      capacity,
    };
    const written = unknown && Uint8Array.from(unknown);
    this.kernels.encoding(numbers, { outputs, anchors, targets, written, bytes, length, intervals });
    if (length[0] < 0) throw unusableProbabilities(NaN);
    let bits = 0;
    for (let at = 1; at < intervals.length; at += 2)
      if (intervals[at] > 0) bits += COUNT_BITS - Math.log2(intervals[at]);
    return { bytes: bytes.slice(0, length[0]), bits };
  }
}

function otherBackend(): Error {
  const remedy = "choose it: await chooseBackend({ backend: 'native' })";
  return errorFactory('USAGE', 'code frames')('backend', 'native, whose bits a reader repeats', 'another', remedy);
}
