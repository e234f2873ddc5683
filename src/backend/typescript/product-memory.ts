import { PxvError } from '../../errors.js';
import { BLOCK, productModule, TILE } from './tile.js';

/** What of WebAssembly stands here; TypeScript knows it only from browsers. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
}

interface ProductInstance {
  memory: { buffer: ArrayBuffer; grow(pages: number): void };
  tapTiles(...addresses: number[]): void;
  outerTile(...addresses: number[]): void;
  pixelBlocks(...addresses: number[]): void;
  storeTiles(...addressesAndWidth: number[]): void;
}

/** Bytes by which a memory grows. */
const PAGE = 65_536;

let compiled: object | null = null;

function newInstance(): ProductInstance {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  compiled ??= new Module(productModule());
  return new Instance(compiled).exports as ProductInstance;
}

/**
 * A memory that products are computed in, and the products. It only grows, so that a hot call allocates nothing once it is
 * warm. What is multiplied lies in it as float64, which it is brought to once, and not for each product. Places are
 * counted in float64 values, those in lists in their numbers. Each memory takes 10 GiB of the process's addresses, where
 * V8 lets a read outside of it fail without asking at each read.
 */
export class ProductMemory {
  /** All of the memory. Another array once it has grown, so read it after everything is allotted. */
  values = new Float64Array(0);
  /** The same memory as whole numbers: place p of `values` is place 2 p here. */
  numbers = new Int32Array(0);
  /** And as float32, in the same places as `numbers`. */
  floats = new Float32Array(0);
  private used = 0;
  private instance: ProductInstance | null = null;

  /** Begins anew: what was allotted may be allotted again. */
  clear(): void {
    this.used = 0;
  }

  /** The place of `length` values, with whatever the last user left there. @throws PxvError `RESOURCES` */
  allot(length: number): number {
    const at = this.used;
    this.used += length;
    if (this.used > this.values.length) this.grow();
    return at;
  }

  /** The place, in `floats`, of `length` of them. @throws PxvError `RESOURCES` */
  allotFloats(length: number): number {
    return 2 * this.allot(Math.ceil(length / 2));
  }

  /** The place, in `numbers`, of a copy of a list. @throws PxvError `RESOURCES` */
  allotList(list: Int32Array): number {
    const at = this.allotFloats(list.length);
    this.numbers.set(list, at);
    return at;
  }

  private grow(): void {
    try {
      this.instance ??= newInstance();
      const { memory } = this.instance;
      memory.grow(Math.ceil((8 * this.used - memory.buffer.byteLength) / PAGE));
    } catch (cause) {
      throw cause instanceof RangeError ? outOfMemory(8 * this.used, cause) : cause;
    }
    const { buffer } = this.instance.memory;
    this.values = new Float64Array(buffer);
    this.numbers = new Int32Array(buffer);
    this.floats = new Float32Array(buffer);
  }

  /**
   * Tile after tile of four pixels: sums[4 p + o] = sum over taps t and over k < count(t) of
   * x[pixel(p) + offset(t) + k] * weights[4 (steps so far) + o].
   * The list of pixels is full up to a multiple of four; that of taps holds offset and count of each in turn. `weights`
   * are packed in the order in which they are read.
   */
  multiplyTaps(
    x: number,
    pixels: number,
    pixelCount: number,
    taps: number,
    tapCount: number,
    weights: number,
    sums: number,
  ): void {
    const [pixelsEnd, tapsEnd] = [pixels + TILE * Math.ceil(pixelCount / TILE), taps + 2 * tapCount];
    this.instance!.tapTiles(8 * x, 4 * pixels, 4 * pixelsEnd, 4 * taps, 4 * tapsEnd, 8 * weights, 8 * sums);
  }

  /**
   * For each target t of `count` in a list, and o < width: out[t + o] = ((sums[4 t's place in the list + o] + bias[o]),
   * times 0 where not passes[t + o] > 0) + plus[t + o], rounded to float32. `passes`, `plus` and `out` are places in
   * `floats`; the first two may be null. What four outputs from each target on would be must lie in memory.
   */
  storeSums(
    sums: number,
    targets: number,
    count: number,
    bias: number,
    passes: number | null,
    plus: number | null,
    out: number,
    width: number,
  ): void {
    const [passesAt, plusAt] = [4 * (passes ?? 0), 4 * (plus ?? 0)];
    const targetsEnd = 4 * (targets + count);
    this.instance!.storeTiles(8 * sums, 4 * targets, targetsEnd, 8 * bias, passesAt, plusAt, 4 * out, width);
  }

  /**
   * sums[4 i + o] += sum over rows r and columns c of x[r * xRow + c * xStep + i] * y[4 (r * columns + c) + o],
   * for four i and four o.
   */
  addOuterProducts(
    x: number,
    xRow: number,
    xStep: number,
    y: number,
    rows: number,
    columns: number,
    sums: number,
  ): void {
    const yRow = TILE * columns;
    this.instance!.outerTile(8 * x, 8 * xRow, 8 * xStep, 8 * y, 8 * (y + rows * yRow), 8 * yRow, 8 * sums);
  }

  /**
   * sums[o] = sum over inputs k of x[k] * weights[(block of o) * inputs * BLOCK + k * BLOCK + o mod BLOCK],
   * for blocks of BLOCK outputs.
   */
  multiplyPixel(x: number, inputs: number, weights: number, sums: number, blocks: number): void {
    this.instance!.pixelBlocks(8 * x, 8 * (x + inputs), 8 * weights, 8 * sums, 8 * (sums + blocks * BLOCK));
  }
}

/** That of the kernels, each of which clears it first: what one leaves there is gone with the next. */
export const kernelMemory = new ProductMemory();

function outOfMemory(bytes: number, cause: unknown): PxvError {
  return new PxvError(
    {
      code: 'RESOURCES',
      operation: 'multiply',
      argument: 'memory of the TypeScript kernels',
      expected: 'less than 4096 MiB that the system can give, with 10 GiB of addresses (ulimit -v)',
      received: `${Math.ceil(bytes / 2 ** 20)} MiB`,
      remedy: 'take a smaller size or network, or let the process have more addresses',
    },
    { cause },
  );
}
