import { templateFeatures, templateTaps, type TemplateMatchingShape } from '../template-shape.js';

/** See Kernels.templateMatching. */
export function templateMatching(
  shape: TemplateMatchingShape,
  batch: number,
  image: Float32Array,
  references: Float32Array,
  out: Float32Array,
): void {
  const { height, width, channels } = shape;
  const matcher = new TemplateMatcher(shape);
  const pixels = height * width;
  const features = shape.references * templateFeatures(shape);
  const part = (values: Float32Array, n: number, each: number) =>
    values.subarray(n * pixels * each, (n + 1) * pixels * each);
  for (let n = 0; n < batch; n++) {
    const own = part(image, n, channels);
    const to = part(out, n, features);
    matcher.begin(part(references, n, shape.references * channels));
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++, pixel++) {
        matcher.match(y, x, to, pixel * features);
        matcher.know(y, x, own, pixel * channels);
      }
    }
  }
}

/** Template matching pixel after pixel, in raster order: what is found of a pixel needs those before it. */
export class TemplateMatcher {
  private readonly side: number;
  /** Places in one reference that a pixel is compared with. */
  private readonly places: number;
  /** Numbers of a pixel: its differences at all places of all references, and one more where these are odd. */
  private readonly numbers: number;
  private readonly rows: number;
  /** Of the latest rows; then zeros, for what lies outside the image. */
  private readonly differences: Uint16Array;
  private readonly zeros: number;
  private readonly costs: Uint16Array;
  /** Differences and costs two at a time: no sum of 16 bits is carried over into the next. */
  private readonly differencePairs: Int32Array;
  private readonly costPairs: Int32Array;
  /** What a place costs by its distance. */
  private readonly costOfPlace: Uint16Array;
  /** Taps of one weight, four together, so that costs are read and written less often. */
  private readonly quartets: readonly Quartet[];
  /** Of each reference: its levels, rounded, with those nearest inside beyond its edges. */
  private readonly padded: Int16Array;

  constructor(readonly shape: TemplateMatchingShape) {
    const { height, width, channels, references, reach, margin, costs } = shape;
    this.side = 2 * reach + 1;
    this.places = this.side ** 2;
    this.numbers = 2 * Math.ceil((references * this.places) / 2);
    this.rows = margin + 1;
    this.zeros = this.rows * width * this.numbers;
    this.differences = new Uint16Array(this.zeros + this.numbers);
    this.costs = new Uint16Array(this.numbers);
    this.differencePairs = new Int32Array(this.differences.buffer);
    this.costPairs = new Int32Array(this.costs.buffer);
    this.costOfPlace = Uint16Array.from({ length: this.numbers }, (_, at) => {
      const place = at % this.places;
      const [down, right] = [Math.floor(place / this.side) - reach, (place % this.side) - reach];
      return costs.distance * (Math.abs(down) + Math.abs(right));
    });
    this.quartets = quartetsOf(templateTaps(margin));
    this.padded = new Int16Array(references * (height + 2 * reach) * (width + 2 * reach) * channels);
  }

  /** Starts an image, given its references, [height, width, references * channels], in levels. */
  begin(references: Float32Array): void {
    const { height, width, channels, reach, references: count } = this.shape;
    for (let reference = 0, to = 0; reference < count; reference++) {
      for (let y = -reach; y < height + reach; y++) {
        for (let x = -reach; x < width + reach; x++) {
          const pixel = within(y, height) * width + within(x, width);
          for (let c = 0; c < channels; c++)
            this.padded[to++] = round(references[(pixel * count + reference) * channels + c]);
        }
      }
    }
  }

  /** Writes the features of a pixel from `offset` on; every pixel before it must be known, none after it is read. */
  match(y: number, x: number, out: Float32Array, offset: number): void {
    const { references } = this.shape;
    const { costPairs, differencePairs } = this;
    this.costs.set(this.costOfPlace);
    for (const { taps, weight } of this.quartets) {
      const [a, b, c, d] = [0, 1, 2, 3].map((k) => this.differencesAt(y, x, taps[k]) / 2);
      for (let n = 0; n < costPairs.length; n++) {
        const sum = differencePairs[a + n] + differencePairs[b + n] + differencePairs[c + n] + differencePairs[d + n];
        costPairs[n] += Math.imul(weight, sum | 0);
      }
    }
    for (let reference = 0; reference < references; reference++)
      this.average(y, x, reference, out, offset + reference * templateFeatures(this.shape));
  }

  /** Where the differences of the pixel at a tap stand. */
  private differencesAt(y: number, x: number, tap: Tap | undefined): number {
    if (tap === undefined) return this.zeros;
    const [row, column] = [y + tap.dy, x + tap.dx];
    const { width } = this.shape;
    if (row < 0 || column < 0 || column >= width) return this.zeros;
    return ((row % this.rows) * width + column) * this.numbers;
  }

  /** The mean of what stands at the places of one reference, each by how well its template fits. */
  private average(y: number, x: number, reference: number, out: Float32Array, offset: number): void {
    const { height, width, channels, reach } = this.shape;
    const { small, usual } = this.shape.costs;
    const { costs, side, places, padded } = this;
    const first = reference * places;
    let best = first;
    for (let n = first + 1; n < first + places; n++) if (costs[n] < costs[best]) best = n;
    const least = costs[best];
    const most = Math.floor((3 * (least + small)) / 10);
    const paddedWidth = width + 2 * reach;
    const corner = ((reference * (height + 2 * reach) + y) * paddedWidth + x) * channels;
    const at = (n: number) => corner + (Math.floor((n - first) / side) * paddedWidth + ((n - first) % side)) * channels;
    const start = at(best);
    const sums = [0, 0, 0];
    let squares = 0;
    let weights = 0;
    for (let n = first; n < first + places; n++) {
      const left = most - (costs[n] - least);
      if (left <= 0) continue;
      const weight = left * left;
      const from = at(n);
      weights += weight;
      for (let c = 0; c < channels; c++) {
        const off = padded[from + c] - padded[start + c];
        sums[c] += weight * off;
        squares += weight * off * off;
      }
    }
    let spread = squares / weights;
    for (let c = 0; c < channels; c++) {
      const off = sums[c] / weights;
      spread -= off * off;
      out[offset + c] = padded[start + c] + off;
      out[offset + channels + c] = padded[start + c];
    }
    const unmoved = costs[first + (places - 1) / 2];
    const after = offset + 2 * channels;
    out[after] = Math.sqrt(Math.max(spread, 0) / channels);
    out[after + 1] = least / (least + usual);
    out[after + 2] = (unmoved - least) / (unmoved + least + small);
  }

  /** Takes a pixel, once it is known: its levels stand from `at` on. */
  know(y: number, x: number, levels: ArrayLike<number>, at: number): void {
    const { height, width, channels, references, reach } = this.shape;
    const { differences, side, padded, numbers } = this;
    const paddedWidth = width + 2 * reach;
    let to = ((y % this.rows) * width + x) * numbers;
    for (let reference = 0; reference < references; reference++) {
      const corner = ((reference * (height + 2 * reach) + y) * paddedWidth + x) * channels;
      for (let down = 0; down < side; down++) {
        for (let right = 0, from = corner + down * paddedWidth * channels; right < side; right++, to++) {
          let sum = 0;
          for (let c = 0; c < channels; c++, from++) sum += Math.abs(round(levels[at + c]) - padded[from]);
          differences[to] = sum;
        }
      }
    }
  }
}

interface Tap {
  dy: number;
  dx: number;
}

/** At most four taps that count equally often. */
interface Quartet {
  taps: readonly Tap[];
  weight: number;
}

function quartetsOf(taps: readonly (Tap & { weight: number })[]): Quartet[] {
  const weights = [...new Set(taps.map(({ weight }) => weight))];
  return weights.flatMap((weight) => {
    const equal = taps.filter((tap) => tap.weight === weight);
    return Array.from({ length: Math.ceil(equal.length / 4) }, (_, k) => ({
      taps: equal.slice(4 * k, 4 * k + 4),
      weight,
    }));
  });
}

/** A level to the nearest whole one, halves up; a sum in float32, as in the other sets. */
function round(level: number): number {
  return Math.trunc(Math.fround(level + 0.5));
}

function within(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}
