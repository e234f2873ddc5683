import { ProductMemory } from '../backend/typescript/product-memory.js';
import type { Program } from '../model/program.js';
import type { Slot } from '../model/slot.js';
import { groupStart, pixelStep, type PixelStep } from './pixel-steps.js';

/**
 * The second executor in TypeScript: runs a program sub-pixel by sub-pixel, each value computed once, as soon as it can
 * be. All values of the image at hand are kept. Its bits are those of the TypeScript kernels over the whole image.
 */
export class PixelByPixel {
  /** Values of the image slot, height x width x features: the caller writes each sub-pixel once it is known. */
  readonly image: Float32Array;
  /** Values of what is made of earlier pixels: the caller writes each pixel before its first colour; empty where there is none. */
  readonly matched: Float32Array;
  /** Values of the program's output. */
  readonly outputs: Float32Array;
  private readonly values: Map<number, Float32Array>;
  /** What needs nothing of the image, in order. */
  private readonly givenSteps: PixelStep[];
  /** For each colour, what is computed at each pixel, in order. */
  private readonly steps: PixelStep[][];
  /** What is computed once a row is complete, from right to left: the walks that come from the right, in order. */
  private readonly rowSteps: PixelStep[][];

  /** @param parameters arrays in the order of the program's; the weights are copied */
  constructor(
    private readonly program: Program,
    parameters: readonly Float32Array[],
  ) {
    const pixels = program.size.height * program.size.width;
    this.values = new Map(program.slots.map((slot) => [slot.id, new Float32Array(pixels * slot.features)]));
    const valuesOf = (slot: Slot) => this.values.get(slot.id)!;
    this.image = valuesOf(program.image);
    this.matched = program.matched === null ? new Float32Array() : valuesOf(program.matched);
    this.outputs = valuesOf(program.out);
    const context = { program, parameters, values: valuesOf, memory: new ProductMemory(), products: new Map() };
    const colours = program.image.groups.map((_, colour) => colour);
    const opsThatAre = (ready: Slot['ready']) => program.ops.filter((op) => op.out.ready === ready);
    this.givenSteps = opsThatAre('given').map((op) => pixelStep(op, 0, context));
    this.steps = colours.map((colour) => opsThatAre('pixel').map((op) => pixelStep(op, colour, context)));
    this.rowSteps = opsThatAre('row').map((op) => colours.map((colour) => pixelStep(op, colour, context)));
  }

  /** Starts an image, given its conditioning map, height x width x features; null where the program has none. */
  begin(map: Float32Array | null): void {
    const { map: slot, size } = this.program;
    if (slot === null || map === null) return;
    this.values.get(slot.id)!.set(map);
    for (const step of this.givenSteps)
      for (let y = 0; y < size.height; y++) for (let x = 0; x < size.width; x++) step(y, x);
  }

  /**
   * Computes the outputs of one colour at one pixel. Everything before it, in raster order and R, G, B, must have been
   * computed, and its sub-pixels be known.
   *
   * @returns where in `outputs` they stand
   */
  compute(y: number, x: number, colour: number): number {
    if (y > 0 && x === 0 && colour === 0) this.finishRow(y - 1);
    for (const step of this.steps[colour]) step(y, x);
    const { out, size } = this.program;
    return (y * size.width + x) * out.features + groupStart(out.groups, colour);
  }

  private finishRow(y: number): void {
    for (const colours of this.rowSteps) {
      for (let x = this.program.size.width - 1; x >= 0; x--) for (const step of colours) step(y, x);
    }
  }
}
