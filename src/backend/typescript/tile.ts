import {
  f32x2,
  f64x2,
  i32,
  moduleBytes,
  WasmFunction,
  when,
  whileBelow,
  type Code,
  type Local,
} from './wasm-module.js';

/**
 * The micro-kernels behind every product of this instruction set, in WebAssembly: a register holds two sums in float64,
 * and eight registers the sums of a tile. A product is rounded and then the sum, as in JavaScript; a sum is rounded to
 * float32 once, by who stores it. The order of the sum is the contract's. ProductMemory has the formulas.
 */

/** Pixels in a tile, and outputs in a tile. */
export const TILE = 4;

/** Outputs that are computed side by side at one pixel. */
export const BLOCK = 8;

/** Bytes of a float64, of a float32 or a number in a list, and of a register. */
const [VALUE, NUMBER, LANES] = [8, 4, 16];

const four = [0, 1, 2, 3];
const toBytes = (values: Code): Code => i32.shiftLeft(values, Math.log2(VALUE));

/** Addresses, in bytes, of: the image, a list of pixels, its end, a list of taps, its end, weights, sums. */
function tapTiles(): WasmFunction {
  const tiles = new WasmFunction(7);
  const [x, pixels, pixelsEnd, taps, tapsEnd, weights, sums] = tiles.parameters;
  const pixel = tiles.variables('i32', TILE);
  const read = tiles.variables('i32', TILE);
  const [tap, offset, readEnd, weight] = tiles.variables('i32', 4);
  const tile = new TileSums(tiles);
  return tiles.does(
    whileBelow(pixels, pixelsEnd, [
      four.map((i) => pixel[i].set(i32.add(x, toBytes(i32.load(pixels, i * NUMBER))))),
      tile.clear(),
      weight.set(weights),
      tap.set(taps),
      whileBelow(tap, tapsEnd, [
        offset.set(toBytes(i32.load(tap))),
        four.map((i) => read[i].set(i32.add(pixel[i], offset))),
        readEnd.set(i32.add(read[0], toBytes(i32.load(tap, NUMBER)))),
        whileBelow(read[0], readEnd, [
          tile.addProducts((i) => f64x2.loadTwice(read[i]), weight),
          read.map((address) => address.raise(VALUE)),
          weight.raise(TILE * VALUE),
        ]),
        tap.raise(2 * NUMBER),
      ]),
      tile.store(sums),
      pixels.raise(TILE * NUMBER),
      sums.raise(TILE * TILE * VALUE),
    ]),
  );
}

/** Addresses, in bytes, of x, y, the end of y, and sums; between them the bytes from row to row and step to step of x, and of a row of y. */
function outerTile(): WasmFunction {
  const outer = new WasmFunction(7);
  const [x, xRow, xStep, y, yEnd, yRow, sums] = outer.parameters;
  const [read, rowEnd] = outer.variables('i32', 2);
  const tile = new TileSums(outer);
  return outer.does(
    tile.load(sums),
    whileBelow(y, yEnd, [
      read.set(x),
      rowEnd.set(i32.add(y, yRow)),
      whileBelow(y, rowEnd, [
        tile.addProducts((i) => f64x2.loadTwice(read, i * VALUE), y),
        read.set(i32.add(read, xStep)),
        y.raise(TILE * VALUE),
      ]),
      x.set(i32.add(x, xRow)),
    ]),
    tile.store(sums),
  );
}

/** Addresses, in bytes, of: the inputs, their end, weights, sums, their end. */
function pixelBlocks(): WasmFunction {
  const blocks = new WasmFunction(5);
  const [x, xEnd, weights, sums, sumsEnd] = blocks.parameters;
  const [read] = blocks.variables('i32', 1);
  const [value] = blocks.variables('v128', 1);
  const sum = blocks.variables('v128', BLOCK / 2);
  return blocks.does(
    whileBelow(sums, sumsEnd, [
      sum.map((pair) => pair.set(f64x2.zero)),
      read.set(x),
      whileBelow(read, xEnd, [
        value.set(f64x2.loadTwice(read)),
        sum.map((pair, i) => pair.set(f64x2.add(pair, f64x2.multiply(value, f64x2.load(weights, i * LANES))))),
        read.raise(VALUE),
        weights.raise(BLOCK * VALUE),
      ]),
      sum.map((pair, i) => f64x2.store(sums, i * LANES, pair)),
      sums.raise(BLOCK * VALUE),
    ]),
  );
}

/** Addresses, in bytes, of: sums, a list of targets, its end, bias, passes and plus (or 0), out; and how many outputs are written. */
function storeTiles(): WasmFunction {
  const tiles = new WasmFunction(8);
  const [sums, targets, targetsEnd, bias, passes, plus, out, width] = tiles.parameters;
  const [target] = tiles.variables('i32', 1);
  const [value] = tiles.variables('v128', 1);
  const floatsAt = (base: Local, half: number): Code => f32x2.load(i32.add(base, target), 2 * half * NUMBER);
  const halves = [0, 1].map((half) => {
    const [sum, constant] = [sums, bias].map((address) => f64x2.load(address, half * LANES));
    const isPassed = f32x2.isAbove(floatsAt(passes, half), f64x2.zero);
    const [to, offset, rounded] = [i32.add(out, target), 2 * half * NUMBER, f64x2.demote(value)];
    return [
      value.set(f64x2.add(sum, constant)),
      when(passes, value.set(f64x2.multiply(value, f64x2.promote(f32x2.and(isPassed, f32x2.ones))))),
      when(plus, value.set(f64x2.add(value, f64x2.promote(floatsAt(plus, half))))),
      when(
        i32.isAbove(width, 2 * half + 1),
        f32x2.store(to, offset, rounded),
        when(i32.isAbove(width, 2 * half), f32x2.storeFirst(to, offset, rounded)),
      ),
    ];
  });
  return tiles.does(
    whileBelow(targets, targetsEnd, [
      target.set(i32.shiftLeft(i32.load(targets), Math.log2(NUMBER))),
      halves,
      targets.raise(NUMBER),
      sums.raise(TILE * VALUE),
    ]),
  );
}

/** The sums of a tile in registers, two for each of its four pixels. */
class TileSums {
  private readonly sums: Local[];
  private readonly weights: Local[];
  private readonly value: Local;

  constructor(owner: WasmFunction) {
    this.sums = owner.variables('v128', 2 * TILE);
    this.weights = owner.variables('v128', 2);
    [this.value] = owner.variables('v128', 1);
  }

  clear(): Code {
    return this.sums.map((sum) => sum.set(f64x2.zero));
  }

  load(from: Local): Code {
    return this.sums.map((sum, i) => sum.set(f64x2.load(from, i * LANES)));
  }

  store(to: Local): Code {
    return this.sums.map((sum, i) => f64x2.store(to, i * LANES, sum));
  }

  /** Sum (i, o) += value i * weight o, of four weights that begin at an address. */
  addProducts(valueOf: (i: number) => Code, from: Local): Code {
    const { sums, weights, value } = this;
    return [
      weights.map((pair, half) => pair.set(f64x2.load(from, half * LANES))),
      four.map((i) => [
        value.set(valueOf(i)),
        weights.map((pair, half) => {
          const sum = sums[2 * i + half];
          return sum.set(f64x2.add(sum, f64x2.multiply(value, pair)));
        }),
      ]),
    ];
  }
}

/** The module's bytes; it exports its memory too. */
export function productModule(): Uint8Array {
  return moduleBytes({
    tapTiles: tapTiles(),
    outerTile: outerTile(),
    pixelBlocks: pixelBlocks(),
    storeTiles: storeTiles(),
  });
}
