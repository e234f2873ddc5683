import type { TemplateMatchingShape } from '../../src/backend/kernels/index.js';

/** `templateMatching` from its definition: every place at every pixel, every term of every sum. */
export function templateMatching(
  shape: TemplateMatchingShape,
  batch: number,
  image: ArrayLike<number>,
  references: ArrayLike<number>,
): Float64Array {
  const values = shape.height * shape.width * shape.channels;
  const part = (of: ArrayLike<number>, n: number, each: number) =>
    Array.from({ length: each }, (_, at) => Math.floor(of[n * each + at] + 0.5));
  return Float64Array.from(
    Array.from({ length: batch }, (_, n) =>
      matchImage(shape, part(image, n, values), part(references, n, shape.references * values)),
    ).flat(),
  );
}

function matchImage(shape: TemplateMatchingShape, image: readonly number[], references: readonly number[]): number[] {
  const { height, width, channels, references: count, reach, margin, costOfDistance, smallCost, usualCost } = shape;
  const clamp = (place: number, length: number) => Math.min(Math.max(place, 0), length - 1);
  const colours = Array.from({ length: channels }, (_, c) => c);
  const own = (y: number, x: number) => colours.map((c) => image[(y * width + x) * channels + c]);
  const other = (reference: number, y: number, x: number) =>
    colours.map((c) => references[((clamp(y, height) * width + clamp(x, width)) * count + reference) * channels + c]);
  const sides = (from: number) => Array.from({ length: 2 * from + 1 }, (_, i) => i - from);
  const places = sides(reach).flatMap((down) => sides(reach).map((right) => ({ down, right })));
  const template = sides(margin).flatMap((dy) => sides(margin).map((dx) => ({ dy, dx }))).filter(({ dy, dx }) => dy < 0 || (dy === 0 && dx < 0)); // prettier-ignore
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
              const [a, b] = [own(y + dy, x + dx), other(reference, y + dy + down, x + dx + right)];
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
        const means = colours.map((c) => best[c] + weights.reduce((sum, one, k) => sum + one * (at[k][c] - best[c]), 0) / total); // prettier-ignore
        const variance = colours.map((c) => weights.reduce((sum, one, k) => sum + one * (at[k][c] - means[c]) ** 2, 0) / total); // prettier-ignore
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
