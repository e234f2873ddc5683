import { PxvError } from '../errors.js';
import type { ConvolutionShape } from './convolution-shape.js';
import { mixtureArrays, type MixtureShape, type WarpShape } from './kernels.js';
import { cellFrom, stateToState, walkSteps, type WalkShape } from './walk-shape.js';

/** Shapes as native/convolution_shape.h and native/walk_shape.h read them, kept as long as the shape lives. */
const geometries = new WeakMap<ConvolutionShape | WalkShape, Int32Array>();

/** The checks of one call; each throws USAGE with the operation and the argument. */
export class Check {
  constructor(private readonly operation: string) {}

  refuse(argument: string, expected: string, received: string): never {
    throw new PxvError({
      code: 'USAGE',
      operation: this.operation,
      argument,
      expected,
      received,
      remedy: 'pass arrays that fit the shapes',
    });
  }

  count(argument: string, value: number, least = 0, most = 2 ** 31 - 1): void {
    if (!Number.isInteger(value) || value < least || value > most)
      this.refuse(argument, `an integer from ${least} to ${most}`, `${value}`);
  }

  floats(argument: string, array: Float32Array, shape: readonly number[]): void {
    this.array(argument, array, 'Float32Array', shape);
  }

  targets(targets: Int32Array, shape: readonly number[], levels: number): void {
    this.array('targets', targets, 'Int32Array', shape);
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i];
      if (target < 0 || target >= levels) this.refuse('targets', `levels from 0 to ${levels - 1}`, `${target} at ${i}`);
    }
  }

  /** Checks what both kernels are given; `numbers` is the shape in the order of native/kernel_table.h. */
  mixture(
    shape: MixtureShape,
    parameters: Float32Array,
    targets: Int32Array,
    anchors: Float32Array,
    rows: number,
  ): { numbers: number[]; sizes: ReturnType<typeof mixtureArrays> } {
    this.count('rows', rows);
    this.count('shape.components', shape.components, 1);
    this.count('shape.levels', shape.levels, 2);
    this.count('shape.anchors', shape.anchors, 1);
    if (![1, 3].includes(shape.colours)) this.refuse('shape.colours', '1 or 3', `${shape.colours}`);
    const sizes = mixtureArrays(shape, rows);
    this.floats('parameters', parameters, sizes.parameters);
    this.targets(targets, sizes.subPixels, shape.levels);
    this.floats('anchors', anchors, sizes.anchors);
    return { numbers: [shape.components, shape.levels, shape.meanScale, shape.colours, shape.anchors], sizes };
  }

  /** @param frames the frames or their gradient, by its name */
  warp(shape: WarpShape, batch: number, frames: Record<string, Float32Array>, motion: Float32Array) {
    const { height, width, channels, frames: count, flows, flowScale } = shape;
    const sizes = { height, width, channels, frames: count, flows };
    for (const [name, size] of Object.entries(sizes)) this.count(`shape.${name}`, size, 1);
    this.count('batch', batch);
    // Within an image, places are counted in 32 bits.
    this.count('frames of one image', height * width * count * channels);
    this.count('motion of one image', height * width * 3 * count * flows);
    for (const [name, array] of Object.entries(frames))
      this.floats(name, array, [batch, height, width, count * channels]);
    this.floats('motion', motion, [batch, height, width, 3 * count * flows]);
    return { numbers: [height, width, channels, count, flows, flowScale], outShape: [batch, height, width, channels] };
  }

  geometry(shape: ConvolutionShape): Int32Array {
    let geometry = geometries.get(shape);
    if (!geometry) geometries.set(shape, (geometry = this.encode(shape)));
    return geometry;
  }

  walk(shape: WalkShape): Int32Array {
    let geometry = geometries.get(shape);
    if (!geometry) geometries.set(shape, (geometry = this.encodeWalk(shape)));
    return geometry;
  }

  private array(argument: string, array: Float32Array | Int32Array, type: string, shape: readonly number[]): void {
    if (array[Symbol.toStringTag] !== type) this.refuse(argument, `a ${type}`, String(array[Symbol.toStringTag]));
    const length = shape.reduce((product, size) => product * size, 1);
    if (array.length !== length) this.refuse(argument, `${length} values ([${shape.join(',')}])`, `${array.length}`);
  }

  private encode(shape: ConvolutionShape): Int32Array {
    const { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride, kernel, groups, taps } = shape;
    const sizes = { inHeight, inWidth, inFeatures, outHeight, outWidth, outFeatures, stride };
    for (const [name, size] of Object.entries(sizes)) this.count(`shape.${name}`, size, 1);
    groups.forEach((size, group) => this.count(`shape.groups[${group}]`, size, 1));
    const sum = groups.reduce((total, size) => total + size, 0);
    if (sum !== outFeatures) this.refuse('shape.groups', `a sum of ${outFeatures}`, `${sum}`);
    taps.forEach(({ dy, dx, position, sees }, t) => {
      this.count(`shape.taps[${t}].dy`, dy, -4096, 4096);
      this.count(`shape.taps[${t}].dx`, dx, -4096, 4096);
      this.count(`shape.taps[${t}].position`, position, 0, kernel.height * kernel.width - 1);
      if (sees.length !== groups.length)
        this.refuse(`shape.taps[${t}].sees`, `${groups.length} numbers`, `${sees.length}`);
      sees.forEach((count, group) =>
        this.count(`shape.taps[${t}].sees[${group}]`, count, sees[group - 1] ?? 0, inFeatures),
      );
    });
    return Int32Array.from([
      ...Object.values(sizes),
      kernel.height * kernel.width,
      groups.length,
      taps.length,
      ...groups,
      ...taps.flatMap(({ dy, dx, position, sees }) => [dy, dx, position, ...sees]),
    ]);
  }

  private encodeWalk(shape: WalkShape): Int32Array {
    const { height, width, walk, groups } = shape;
    for (const [name, size] of Object.entries({ height, width })) this.count(`shape.${name}`, size, 1);
    groups.forEach((size, group) => this.count(`shape.groups[${group}]`, size, 1));
    const steps = walkSteps(shape);
    return Int32Array.from([
      ...this.encode(stateToState(shape)),
      cellFrom[walk].dy,
      cellFrom[walk].dx,
      groups.length,
      ...groups,
      steps.length,
      ...steps.map((pixels) => pixels.length),
      ...steps.flat(),
    ]);
  }
}
