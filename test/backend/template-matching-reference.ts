import type { EarlierPixelsShape } from '../../src/backend/kernels/index.js';

type Shape = Omit<EarlierPixelsShape, 'gain'>;
type Values = ArrayLike<number>;

/** Pixels that a template may have moved, and that it reaches. */
const reach = 6;
const margin = 3;

/** What is found, from its definition: every place at every pixel, every term of every sum. */
export function matchTemplates(shape: Shape, batch: number, image: Values, references: Values): Float64Array {
  const values = shape.height * shape.width * shape.channels;
  const part = (of: Values, n: number, each: number) =>
    Array.from({ length: each }, (_, at) => Math.floor(of[n * each + at] + 0.5));
  return Float64Array.from(
    Array.from({ length: batch }, (_, n) =>
      matchImage(shape, part(image, n, values), part(references, n, shape.references * values)),
    ).flat(),
  );
}

/** What `templateMatching` gives: what is found, as a network reads it beside what is expected. */
export function templateInput(
  { height, width, channels, references, gain }: Omit<EarlierPixelsShape, 'highest'>,
  found: Values,
  expected: Values,
  searched: Values | null,
): Float64Array {
  const features = 2 * channels + 3;
  return Float64Array.from(found, (value, at) => {
    const pixel = Math.floor(at / features / references);
    const feature = at % features;
    const cost = at - feature + 2 * channels + 1;
    if (searched?.[Math.floor(pixel / height / width)] === 0) return at === cost ? 1 : 0;
    if (feature > 2 * channels) return value;
    const level = feature < 2 * channels ? expected[pixel * channels + (feature % channels)] : 0;
    return (value - level) * gain * (1 - found[cost]) ** 2;
  });
}

/**
 * Its gradient: the sum over references and both pictures, since what is read falls by gain * fits as what is expected
 * grows.
 */
export function templateGradient(
  { channels, references, gain }: Pick<EarlierPixelsShape, 'channels' | 'references' | 'gain'>,
  read: Values,
  dOut: Values,
): Float64Array {
  const features = 2 * channels + 3;
  const sums = new Float64Array((read.length / features / references) * channels);
  for (let at = 0; at < read.length; at++) {
    const feature = at % features;
    if (feature >= 2 * channels) continue;
    const fit = 1 - read[at - feature + 2 * channels + 1];
    sums[Math.floor(at / features / references) * channels + (feature % channels)] -= gain * fit * fit * dOut[at];
  }
  return sums;
}

function matchImage(shape: Shape, image: readonly number[], references: readonly number[]): number[] {
  const { height, width, channels, references: count, highest } = shape;
  const share = (channels * highest) / 765;
  const [costOfDistance, smallCost, usualCost] = [
    [3, 1],
    [60, 4],
    [400, 4],
  ].map(([cost, least]) => Math.max(least, Math.round(cost * share)));
  const clamp = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1);
  const colours = Array.from({ length: channels }, (_, c) => c);
  const own = (y: number, x: number) => colours.map((c) => image[(y * width + x) * channels + c]);
  const other = (reference: number, y: number, x: number) =>
    colours.map((c) => references[((clamp(y, height) * width + clamp(x, width)) * count + reference) * channels + c]);
  const sides = (from: number) => Array.from({ length: 2 * from + 1 }, (_, i) => i - from);
  const places = sides(reach).flatMap((down) => sides(reach).map((right) => ({ down, right })));
  const template = sides(margin)
    .flatMap((dy) => sides(margin).map((dx) => ({ dy, dx })))
    .filter(({ dy, dx }) => dy < 0 || (dy === 0 && dx < 0));
  // 6, 3, 2, then 1: six over the distance.
  const weight = (dy: number, dx: number) => [6, 3, 2][Math.abs(dy) + Math.abs(dx) - 1] ?? 1;

  const found: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let reference = 0; reference < count; reference++) {
        const costs = places.map(({ down, right }) =>
          template.reduce(
            (sum, { dy, dx }) => {
              if (y + dy < 0 || x + dx < 0 || x + dx >= width) return sum;
              const a = own(y + dy, x + dx);
              const b = other(reference, y + dy + down, x + dx + right);
              return sum + weight(dy, dx) * a.reduce((all, level, c) => all + Math.abs(level - b[c]), 0);
            },
            costOfDistance * (Math.abs(down) + Math.abs(right)),
          ),
        );
        const least = Math.min(...costs);
        const most = Math.floor((3 * (least + smallCost)) / 10);
        const weights = costs.map((cost) => Math.max(0, most - (cost - least)) ** 2);
        const total = weights.reduce((sum, one) => sum + one, 0);
        const at = places.map(({ down, right }) => other(reference, y + down, x + right));
        const best = at[costs.indexOf(least)];
        const means = colours.map(
          (c) => best[c] + weights.reduce((sum, one, k) => sum + one * (at[k][c] - best[c]), 0) / total,
        );
        const variance = colours.map(
          (c) => weights.reduce((sum, one, k) => sum + one * (at[k][c] - means[c]) ** 2, 0) / total,
        );
        const spread = Math.sqrt(variance.reduce((sum, one) => sum + one, 0) / channels);
        const unmoved = costs[(places.length - 1) / 2];
        found.push(
          ...means,
          ...best,
          spread,
          least / (least + usualCost),
          (unmoved - least) / (unmoved + least + smallCost),
        );
      }
  return found;
}
