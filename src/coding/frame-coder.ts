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
import { headNumbers } from '../model/heads/index.js';
import { anchorsByPixel, runConditioning, runNetwork, type Network } from '../model/network.js';
import { MODEL_DISTRIBUTION } from '../model/sampling-settings.js';
import { unusableProbabilities } from '../sampling/engine.js';
import { FrameSampler } from '../sampling/frame-sampler.js';

/** Arithmetic-coded frame. */
export interface CodedFrame {
  /** Bytes of each scale of the model, the coarsest first. */
  scales: readonly Uint8Array[];
  /** Ideal code length in bits: -log2 of the frame's probability, as quantized for the coder. */
  bits: number;
}

/** Maximum bytes of a coded sub-pixel, and bytes of the coder's end. */
const MAX_BYTES_PER_SUB_PIXEL = 4;
const END = 8;
/** Base-2 logarithm of the total count that probabilities are quantized to. */
const COUNT_BITS = 30;

/**
 * Arithmetic coder of frames by a model's likelihood (see the kernel `encoding`). Decoding needs an instruction set of
 * the same `arithmeticFamily`; the number of threads may differ.
 */
export class FrameCoder {
  private readonly tensors: Tensor[];
  private readonly sampler: FrameSampler;
  private readonly kernels: Kernels;

  /**
   * @throws PxvError `USAGE` if no backend was chosen, or the current one has no native kernels, whose results a
   *   decoder repeats bit for bit
   */
  constructor(readonly model: Model) {
    if (!hasKernels()) throw otherBackend();
    this.tensors = toTensors(model.weights, model.chain.parameters);
    this.sampler = new FrameSampler(model);
    const instructionSet = currentInstructionSet();
    this.kernels = libraryOf(instructionSet).kernels(instructionSet);
  }

  /** Disposes the weights; the coder cannot be used afterwards. */
  dispose(): void {
    tf.dispose(this.tensors);
    this.sampler.dispose();
  }

  /**
   * Encodes a batch of frames.
   *
   * @param examples frames with their conditioning inputs; the caller disposes them
   * @returns one coded frame per example, in order
   * @throws PxvError `CHECKPOINT` if probabilities are not finite
   */
  async encode(examples: Examples): Promise<CodedFrame[]> {
    const { chain } = this.model;
    const frames = Array.from({ length: examples.image.shape[0] }, () => ({ scales: [] as Uint8Array[], bits: 0 }));
    for (const [scale, network] of chain.scales.entries()) {
      const tensors = tf.tidy(() => {
        const own = downsampleExamples(chain, scale, examples);
        const parameters = selectScaleParameters(chain, scale, this.tensors);
        const condition = runConditioning(network, parameters, own.conditioningInputs);
        const outputs = runNetwork(network, parameters, own.inputImage, condition, own.earlierPixels, false);
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
   * Decodes one frame. Disposes `examples`.
   *
   * @param examples one example with the frame's conditioning inputs; its image is not read
   * @param coded `CodedFrame.scales` of `encode`; other bytes decode to an arbitrary frame
   * @throws PxvError `CHECKPOINT` if probabilities are not finite; the signal's reason if aborted
   */
  async decode(examples: Examples, coded: CodedFrame['scales'], signal?: AbortSignal): Promise<Levels> {
    const options = { seed: 0, samples: 1, frame: 0, settings: MODEL_DISTRIBUTION, coded, signal };
    const [{ levels }] = await this.sampler.draw(examples, options);
    return levels;
  }

  /** Encodes one frame without context frames: a key frame or a still image. @throws PxvError as `encode` */
  async encodeOne(levels: Levels): Promise<CodedFrame> {
    const buffer = new ExampleBuffer(this.model.chain.exampleShape, 1);
    buffer.addAfter(NO_FRAMES, levels);
    const examples = buffer.tensors();
    const [coded] = await this.encode(examples).finally(() => disposeExamples(examples));
    return coded;
  }

  /** Decodes a frame of `encodeOne`. @throws PxvError as `decode` */
  decodeOne(coded: CodedFrame['scales'], signal?: AbortSignal): Promise<Levels> {
    return this.decode(examplesOfFirst(this.model.chain.exampleShape, 1), coded, signal);
  }

  private written(network: Network, targets: Int16Array, outputs: Float32Array, anchors: Float32Array) {
    const { description, program } = network;
    const { size, channels, levels, head } = description;
    const unknown = unknownMask(description);
    const capacity = MAX_BYTES_PER_SUB_PIXEL * targets.length + END;
    const bytes = new Uint8Array(capacity);
    const length = new Int32Array(1);
    const intervals = new Uint32Array(2 * targets.length);
    const numbers = {
      ...headNumbers(head),
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
  const expected = 'native, whose results a decoder can reproduce';
  return errorFactory('USAGE', 'code frames')('backend', expected, 'another', remedy);
}
