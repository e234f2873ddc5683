import { loadAddon } from '../backend/addon.js';
import type { InstructionSet } from '../backend/kernels.js';
import type { Precision } from '../backend/precision.js';

/**
 * out = x after v <- v / 2 + 1, `rounds` times: arithmetic with no memory in its way, to measure the CPU's peak. In bf16
 * the lower half of v is no part of the product, but a number that is multiplied by zero, and must be finite.
 */
export type MultiplyAdds = (rounds: number, x: Float32Array, out: Float32Array) => void;

/** The loop of a set and precision that this machine has: in C++, compiled as the kernels are, or in TypeScript. */
export function multiplyAddsOf(instructionSet: InstructionSet, precision: Precision): MultiplyAdds {
  return instructionSet === 'typescript'
    ? multiplyAdds
    : loadAddon().multiplyAdds(instructionSet, precision === 'bf16');
}

/** Eight values at once, in JavaScript; of products, which are in WebAssembly, the matrix product is the measure. */
function multiplyAdds(rounds: number, x: Float32Array, out: Float32Array): void {
  const end = x.length - (x.length % 8);
  for (let i = 0; i < end; i += 8) {
    let [a, b, c, d, e, f, g, h] = x.subarray(i, i + 8);
    for (let round = 0; round < rounds; round++) {
      a = a * 0.5 + 1;
      b = b * 0.5 + 1;
      c = c * 0.5 + 1;
      d = d * 0.5 + 1;
      e = e * 0.5 + 1;
      f = f * 0.5 + 1;
      g = g * 0.5 + 1;
      h = h * 0.5 + 1;
    }
    out.set([a, b, c, d, e, f, g, h], i);
  }
  for (let i = end; i < x.length; i++) {
    let value = x[i];
    for (let round = 0; round < rounds; round++) value = value * 0.5 + 1;
    out[i] = value;
  }
}
