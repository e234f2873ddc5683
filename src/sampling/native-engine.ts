import { loadAddon } from '../backend/addon.js';
import { type InstructionSet } from '../backend/kernels.js';
import { localRegressionNumbers } from '../backend/local-regression-shape.js';
import { templateNumbers } from '../backend/template-shape.js';
import type { EngineHandle, NativeEngine } from '../backend/engine-addon.js';
import { PxvError } from '../errors.js';
import type { HeadDescription } from '../model/heads/index.js';
import { anchorCount, subPixelScale } from '../model/image-input.js';
import { regressionShape } from '../model/regression-input.js';
import { templateShape } from '../model/template-input.js';
import type { Network } from '../model/network.js';
import { unusableProbabilities } from './draw.js';
import type { EngineDraw, ImageEngine } from './engine.js';
import { Noise } from './noise.js';
import { programNumbers } from './program-numbers.js';

/** The engine in C++: whole images in one call off the main thread, the batch and the threads inside. */
export class NativeImageEngine implements ImageEngine {
  private readonly native: NativeEngine;
  private readonly handle: EngineHandle;

  /** @param parameters arrays in the order of the program's */
  constructor(
    private readonly network: Network,
    parameters: readonly Float32Array[],
    readonly instructionSet: InstructionSet,
  ) {
    const { program } = network;
    program.parameters.forEach(({ name, shape }, index) => expectLength(name, parameters[index], product(shape)));
    this.native = loadAddon().engine(instructionSet);
    this.handle = this.native.makeEngine(programNumbers(program), parameters);
  }

  async draw(images: EngineDraw): Promise<Float64Array> {
    const { map, anchors, references, levels, noise, streams, settings, onProgress, signal } = images;
    signal?.throwIfAborted();
    const { program, description } = this.network;
    const { height } = description.size;
    const batch = streams.length;
    const pixels = batch * height * description.size.width;
    expectLength('levels', levels, pixels * description.channels);
    if (program.map !== null) expectLength('map', map, pixels * program.map.features);
    const perSubPixel = anchorCount(description);
    const [templates, regressed] = [templateShape(description), regressionShape(description)];
    if (anchors !== null || templates !== null) expectLength('anchors', anchors, levels.length * perSubPixel);
    if (references !== null && templates !== null)
      expectLength('references', references, levels.length * templates.references);
    if (images.outputs) expectLength('outputs', images.outputs, pixels * program.out.features);
    const nats = new Float64Array(batch);
    const stop = new Int32Array(1);
    const onAbort = () => (stop[0] = 1);
    // Thrown into C++ it would be lost.
    const failures: unknown[] = [];
    const onRow = (rows: number) => {
      try {
        if (stop[0] === 0) onProgress?.(rows / height);
      } catch (error) {
        failures.push(error);
        stop[0] = 1;
      }
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const { middle, gain } = subPixelScale(description);
      const sum = await this.native.drawImages(
        this.handle,
        Float64Array.of(
          batch,
          ...headNumbers(description.head, description.levels),
          perSubPixel,
          middle,
          gain,
          ...[settings.temperature, settings.topP, settings.componentTemperature ?? 1, settings.carryWithin ?? 1],
        ),
        Uint32Array.from([...noise.key, noise.strata, ...streams.flatMap((stream) => Noise.words(stream))]),
        program.map === null ? null : map,
        anchors,
        levels,
        nats,
        images.outputs ?? null,
        stop,
        onProgress === undefined ? null : onRow,
        references,
        templates === null ? null : Float64Array.from(templateNumbers(templates)),
        regressed === null ? null : Float64Array.from(localRegressionNumbers(regressed)),
      );
      if (failures.length > 0) throw failures[0];
      signal?.throwIfAborted();
      if (sum !== 1) throw unusableProbabilities(sum);
      return nats;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Kind, levels, components, scale of the means and whether colours are together, as native/engine/drawing.h has them. */
function headNumbers(head: HeadDescription, levels: number): [number, number, number, number, number] {
  switch (head.type) {
    case 'softmax':
      return [0, levels, 0, 0, 0];
    case 'sigmoid':
      return [1, levels, 0, 0, 0];
    case 'logistic-mixture':
      return [2, levels, head.components, head.meanScale, Number(head.colours === 'together')];
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}

function expectLength(argument: string, array: ArrayLike<number> | null | undefined, length: number): void {
  if (array?.length === length) return;
  throw new PxvError({
    code: 'USAGE',
    operation: 'draw images',
    argument,
    expected: `${length} numbers`,
    received: `${array?.length ?? 'none'}`,
    remedy: 'give arrays that fit the network',
  });
}
