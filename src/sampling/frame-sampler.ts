import { tf } from '../foundation/tfjs.js';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Given } from '../conditioning/index.js';
import { examplesOfScale, parametersOfScale, pixelsOfFinest, unknownSubPixels } from '../model/chain.js';
import { errorsOf } from '../foundation/errors.js';
import { expectModel, type Model } from '../model/model.js';
import type { Levels } from '../foundation/levels.js';
import { disposeExamples, frameBytes, type Examples } from '../model/examples.js';
import { expectsFrame } from '../model/future-drawing.js';
import { toTensors } from '../model/weights.js';
import type { EngineSettings } from './engine.js';
import { ImageSampler } from './image-sampler.js';
import type { Noise } from './noise.js';

/** For each frame of a batch what is expected of it at longer strides. What is expected of it is the mean of these and its own. */
export type SlowerExpectations = readonly (readonly Levels[])[];

/** Which frames are drawn side by side, from what noise and how. */
export interface FrameDraw {
  noise: Noise;
  /** Of each frame of the batch: which sample it is; each has noise of its own. */
  samples: readonly number[];
  /** Index of the frame in its clip: one for all, or one for each of `samples`. */
  frame: number | readonly number[];
  /**
   * Levels of sub-pixels that are known in all of the frames, height x width x channels, -1 for those to draw. Known ones
   * are kept, and count nothing. Default: none is known.
   */
  known?: Int16Array | undefined;
  /** Whether anything is made of the pixels before each, by a network that does so. Default: it is, as when it is scored. */
  earlierPixels?: boolean | undefined;
  /** Default: nothing. */
  slower?: SlowerExpectations | undefined;
  /** Of a single frame, what each scale was written as: levels are read from it in place of drawing. See `FrameCoder`. */
  coded?: readonly Uint8Array[] | undefined;
  settings: EngineSettings;
  /** Called after each row of each scale with the share of the sub-pixels that is done. */
  onRow?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface DrawnLevels {
  levels: Levels;
  /** The frame that was expected, as `FrameSampler.expected` gives it, in its place; null where the model learns none. */
  expected: Levels | null;
  /** -log P of the frame under the model (at temperature 1), in nats, summed over scales. */
  nats: number;
}

/** Draws frames from a model, scale after scale, the coarsest first. */
export class FrameSampler {
  private readonly tensors: Tensor[];
  private readonly scales: ImageSampler[];

  /**
   * @param model whose frames are drawn
   * @throws PxvError `USAGE` where it is not what `loadModel` gives
   */
  constructor(readonly model: Model) {
    expectModel(model, 'make a sampler');
    const { chain, weights } = model;
    this.tensors = toTensors(weights, chain.parameters);
    this.scales = chain.scales.map((network, scale) => {
      const arrays = parametersOfScale(chain, scale, weights);
      return new ImageSampler(network, arrays, parametersOfScale(chain, scale, this.tensors));
    });
  }

  /** Frees the model's tensors. */
  dispose(): void {
    tf.dispose(this.tensors);
  }

  /**
   * Draws a batch of frames, one for each of `samples`.
   * @param examples as many, with what is given; their images are not read; their tensors are disposed of
   * @throws the signal's reason once it is aborted, looked at after each row
   */
  async draw(examples: Examples, options: FrameDraw): Promise<DrawnLevels[]> {
    const { chain } = this.model;
    const { noise, samples, frame, settings, signal } = options;
    const frames = typeof frame === 'number' ? samples.map(() => frame) : frame;
    const sizes = chain.scales.map(({ description }) => frameBytes(description));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    let levels: Int16Array | null = null;
    let expected: Int16Array | null = null;
    const nats = new Float64Array(samples.length);
    let done = 0;
    try {
      for (const [scale, sampler] of this.scales.entries()) {
        const coarse: Int16Array | null = levels;
        const drawn = await sampler.draw({
          given: () => this.givenAt(scale, examples, coarse),
          known: this.knownAt(scale, options.known, coarse, samples.length),
          earlierPixels: options.earlierPixels ?? true,
          slower: this.slowerAt(scale, options.slower),
          noise,
          streams: samples.map((sample, image) => ({ sample, frame: frames[image], scale })),
          coded: options.coded?.[scale],
          settings,
          onProgress: (share) => options.onRow?.(Math.min(1, (done + sizes[scale] * share) / all)),
          signal,
        });
        ({ levels, expected } = drawn);
        drawn.nats.forEach((value, image) => (nats[image] += value));
        done += sizes[scale];
      }
    } finally {
      disposeExamples(examples);
    }
    const expectedOf = expected && imagesOf(expected, samples.length);
    return imagesOf(levels!, samples.length).map((own, image) => {
      return { levels: own, expected: expectedOf && expectedOf[image], nats: nats[image] };
    });
  }

  /**
   * The expected frame of each example, which a learned anchor is: no draw of its own, and the better the surer the future
   * is. Scale after scale, each given the expected image of the one before.
   * @param examples with what is given; their images are not read; their tensors are disposed of
   * @param slower default: nothing
   * @throws PxvError `USAGE` where the model has no anchor that is learned
   */
  async expected(examples: Examples, slower?: SlowerExpectations): Promise<Levels[]> {
    const batch = examples.image.shape[0];
    try {
      expectExpectation(this.model);
      let levels: Int16Array | null = null;
      for (const [scale, sampler] of this.scales.entries()) {
        const coarse: Int16Array | null = levels;
        const given = () => this.givenAt(scale, examples, coarse);
        levels = await sampler.expected(given, this.slowerAt(scale, slower));
      }
      return imagesOf(levels!, batch);
    } finally {
      disposeExamples(examples);
    }
  }

  /** What a scale is given: the examples' own, and the image drawn at the scale before. */
  private givenAt(scale: number, examples: Examples, coarse: Int16Array | null): Given {
    const { chain } = this.model;
    const { given } = examplesOfScale(chain, scale, examples);
    if (coarse === null) return given;
    const { description } = chain.scales[scale - 1];
    const { size, channels } = description;
    const batch = coarse.length / frameBytes(description);
    const coarser = tf.tensor4d(Float32Array.from(coarse), [batch, size.height, size.width, channels]);
    return { ...given, coarser };
  }

  /** What is expected at longer strides, at a scale; null where nothing is. */
  private slowerAt(scale: number, slower: SlowerExpectations = []): SlowerExpectations | null {
    if (slower.flat().length === 0) return null;
    const finest = this.finestSubPixels(scale);
    return slower.map((expected) => expected.map((frame) => Uint8Array.from(finest, (at) => frame[at])));
  }

  /** Of each sub-pixel of a scale, where it stands in the finest image. */
  private finestSubPixels(scale: number): Int32Array {
    const { chain } = this.model;
    const { size, channels } = chain.scales[scale].description;
    const step = pixelsOfFinest(chain, scale);
    return Int32Array.from({ length: size.height * size.width * channels }, (_, at) => {
      const [pixel, channel] = [Math.floor(at / channels), at % channels];
      const [row, column] = [Math.floor(pixel / size.width), pixel % size.width];
      return step * (row * chain.exampleShape.size.width + column) * channels + channel;
    });
  }

  /** The sub-pixels of a scale that are known, or that the scale before has drawn; null where there are none. */
  private knownAt(scale: number, known: Int16Array | undefined, coarse: Int16Array | null, batch: number) {
    const unknown = coarse === null ? null : unknownSubPixels(this.model.chain.scales[scale].description);
    if (unknown === null && known === undefined) return null;
    const finest = this.finestSubPixels(scale);
    let next = 0;
    return Int16Array.from({ length: batch * finest.length }, (_, index) => {
      const at = index % finest.length;
      const drawn = unknown?.[at] === 0 ? coarse![next++] : -1;
      const level = known?.[finest[at]] ?? -1;
      return level >= 0 ? level : drawn;
    });
  }
}

/** Image after image of a batch. */
function imagesOf(levels: Int16Array, batch: number): Levels[] {
  const size = levels.length / batch;
  return Array.from({ length: batch }, (_, image) =>
    Uint8Array.from(levels.subarray(image * size, (image + 1) * size)),
  );
}

/** @throws PxvError `USAGE` where a model has no expected frame */
export function expectExpectation(model: Model): void {
  if (expectsFrame(model)) return;
  const expected = 'a model that learns the expected frame, as those conditioned on moved frames do';
  const remedy = 'draw samples, or train a model with pxv train';
  throw errorsOf('USAGE', 'make the best guess')(model.name, expected, 'one that does not', remedy);
}
