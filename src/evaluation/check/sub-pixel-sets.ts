/** Many sets of sub-pixels, a bit for each. */
export class SubPixelSets {
  /** Words of 32 bits a set. */
  private readonly words: number;
  private readonly bits: Uint32Array;

  constructor(count: number, subPixels: number) {
    this.words = Math.ceil(subPixels / 32);
    this.bits = new Uint32Array(count * this.words);
  }

  add(set: number, subPixel: number): void {
    this.bits[set * this.words + (subPixel >>> 5)] |= 1 << (subPixel & 31);
  }

  has(set: number, subPixel: number): boolean {
    return ((this.bits[set * this.words + (subPixel >>> 5)] >>> (subPixel & 31)) & 1) === 1;
  }

  /** Adds to a set all members of a set of `from`, which counts the same sub-pixels. */
  unite(set: number, from: SubPixelSets, other: number): void {
    const { words, bits } = this;
    const [to, source] = [set * words, other * words];
    for (let word = 0; word < words; word++) bits[to + word] |= from.bits[source + word];
  }
}
