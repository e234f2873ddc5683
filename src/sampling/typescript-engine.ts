import { headOf, type PixelView } from '../model/heads/index.js';
import { anchorCount, imageFeatures, writeSubPixel } from '../model/image-input.js';
import type { Network } from '../model/network.js';
import { log } from '../backend/elementary.js';
import { drawLevel, unusableProbabilities, type DrawSettings } from './draw.js';
import { EarlierPixels } from './earlier-pixels.js';
import type { EngineDraw, EngineSettings, ImageEngine } from './engine.js';
import { PixelByPixel } from './pixel-by-pixel.js';

/** The engine in TypeScript: image after image, on the main thread, which it leaves to others after each row. */
export class TypeScriptImageEngine implements ImageEngine {
  readonly instructionSet = 'typescript';
  private readonly pixels: PixelByPixel;
  private readonly probabilities: Float64Array;
  private readonly earlier: EarlierPixels;
  /** The drawings asked for so far: each begins when the one before has ended, since `pixels` holds one image. */
  private drawings: Promise<unknown> = Promise.resolve();

  /** @param parameters arrays in the order of the program's */
  constructor(
    private readonly network: Network,
    parameters: readonly Float32Array[],
  ) {
    this.pixels = new PixelByPixel(network.program, parameters);
    this.probabilities = new Float64Array(network.description.levels);
    this.earlier = new EarlierPixels(network.description, this.pixels.matched);
  }

  draw(images: EngineDraw): Promise<Float64Array> {
    const drawing = this.drawings.then(() => this.drawImages(images));
    this.drawings = drawing.catch(() => undefined);
    return drawing;
  }

  private async drawImages(images: EngineDraw): Promise<Float64Array> {
    const nats = new Float64Array(images.streams.length);
    images.signal?.throwIfAborted();
    for (let image = 0; image < nats.length; image++) nats[image] = await this.drawImage(images, image);
    return nats;
  }

  private async drawImage(images: EngineDraw, image: number): Promise<number> {
    const { map, anchors, references, levels, noise, streams, settings, outputs, onProgress, signal } = images;
    const { description, program } = this.network;
    const { size, channels } = description;
    const { pixels, earlier } = this;
    const features = imageFeatures(description);
    const { sample, frame, scale } = streams[image];
    pixels.begin(map === null ? null : part(map, image, streams.length));
    earlier.begin(
      anchors && part(anchors, image, streams.length),
      references && part(references, image, streams.length),
    );
    const middle = new Float64Array(channels * anchorCount(description)).fill((description.levels - 1) / 2);
    const pixel: PixelView = {
      ...{ outputs: pixels.outputs, outputsAt: 0, levels, levelsAt: 0 },
      ...{ anchors: anchors ?? middle, anchorsAt: 0, anchorCount: anchorCount(description) },
    };
    const outFeatures = program.out.features;
    let nats = 0;
    for (let y = 0, position = 0, at = image * size.height * size.width * channels; y < size.height; y++) {
      for (let x = 0; x < size.width; x++, position++) {
        pixel.levelsAt = at;
        if (anchors !== null) pixel.anchorsAt = at * pixel.anchorCount;
        earlier.look(y, x, pixel);
        for (let channel = 0; channel < channels; channel++, at++) {
          pixels.compute(y, x, channel);
          pixel.outputsAt = position * outFeatures;
          const anchorsAt = pixel.anchorsAt + channel * pixel.anchorCount;
          let level = levels[at];
          if (level < 0) {
            const u = noise.uniform(sample, frame, position, channel, scale);
            levels[at] = this.drawLevel(pixel, channel, u, settings);
            nats -= log(this.probabilities[levels[at]]);
            level = carriedWithin(levels[at], pixel.anchors[anchorsAt], settings);
          }
          const offset = (position * channels + channel) * features;
          writeSubPixel(description, features, level, pixel.anchors, anchorsAt, pixels.image, offset);
        }
        earlier.know(y, x, levels, pixel.levelsAt);
        const [from, to] = [position * outFeatures, (position + 1) * outFeatures];
        outputs?.set(pixels.outputs.subarray(from, to), image * size.height * size.width * outFeatures + from);
      }
      onProgress?.((image + (y + 1) / size.height) / streams.length);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    return nats;
  }

  /** Draws a level of one colour; `probabilities` then has its probability, as it is scored. */
  private drawLevel(pixel: PixelView, channel: number, u: number, settings: DrawSettings): number {
    const { head: description, levels } = this.network.description;
    const { probabilities } = this;
    const { temperature, topP, componentTemperature = 1 } = settings;
    const head = headOf(description);
    if (head.quantile !== undefined && temperature === 1 && topP === 1) {
      const level = head.quantile(description, levels, pixel, channel, componentTemperature, u);
      if (Number.isNaN(level)) throw unusableProbabilities(level);
      head.distribution(description, levels, pixel, channel, 1, probabilities, level);
      return level;
    }
    head.distribution(description, levels, pixel, channel, componentTemperature, probabilities);
    const level = drawLevel(probabilities, levels, u, settings);
    if (componentTemperature !== 1) head.distribution(description, levels, pixel, channel, 1, probabilities, level);
    return level;
  }
}

/** What those after it are drawn from of a drawn level, in float32, each step rounded. */
function carriedWithin(level: number, anchor: number, { carryWithin = 1 }: EngineSettings): number {
  if (carryWithin === 1) return level;
  return Math.fround(anchor + Math.fround(Math.fround(level - anchor) * Math.fround(carryWithin)));
}

/** One image's part of an array over a batch. */
function part(values: Float32Array, image: number, batch: number): Float32Array {
  const length = values.length / batch;
  return values.subarray(image * length, (image + 1) * length);
}
