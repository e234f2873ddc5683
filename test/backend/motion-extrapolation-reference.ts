import type { KernelNumbers } from '../../src/backend/kernels/index.js';
import { neighbours } from './block-matching-reference.js';

interface Place {
  y: number;
  x: number;
}

/** A motion, back to the frame before. */
interface Motion {
  down: number;
  right: number;
}

const FEATURES = 11;

/** `motionExtrapolation` from its definition: each place looks for the motions that come to it. */
export function motionExtrapolation(
  { batch, height, width }: KernelNumbers<'motionExtrapolation'>,
  found: ArrayLike<number>,
  steps: ArrayLike<number>,
): Float64Array {
  const places: Place[] = Array.from({ length: height * width }, (_, at) => ({
    y: Math.floor(at / width),
    x: at % width,
  }));
  const inside = (y: number, x: number) =>
    Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1);
  const near = (coordinate: number) => Math.floor(coordinate + 0.5);

  const later = (motions: readonly Motion[]): Motion[] => {
    const upperMedian = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
    const down = upperMedian(motions.map((motion) => motion.down));
    const right = upperMedian(motions.map((motion) => motion.right));
    const distance = (motion: Motion) => Math.abs(motion.down - down) + Math.abs(motion.right - right);
    const extreme = (among: readonly Motion[], isBetter: (a: number, b: number) => boolean) =>
      among.reduce((best, motion) => (isBetter(distance(motion), distance(best)) ? motion : best));
    const known = places.map<Motion | null>(({ y, x }) => {
      const coming = motions.filter((motion, q) => {
        return near(places[q].y - motion.down) === y && near(places[q].x - motion.right) === x;
      });
      return coming.length === 0 ? null : extreme(coming, (a, b) => a > b);
    });
    while (known.includes(null) && known.some((motion) => motion !== null)) {
      const rim = places.map(({ y, x }, at) => {
        const beside = places.flatMap((place, q) =>
          Math.abs(place.y - y) <= 1 && Math.abs(place.x - x) <= 1 && known[q] !== null ? [known[q]] : [],
        );
        return known[at] !== null || beside.length === 0 ? known[at] : extreme(beside, (a, b) => a < b);
      });
      known.splice(0, known.length, ...rim);
    }
    return known.map((motion) => motion ?? { down: 0, right: 0 });
  };

  const images = Array.from({ length: batch }, (_, n) => {
    const of = (at: number, feature: number) => found[(n * places.length + at) * FEATURES + feature];
    let motions = later(places.map((_, at) => ({ down: of(at, 0), right: of(at, 5) })));
    let displacements = motions;
    for (let step = 1; step < steps[n]; step++) {
      motions = later(motions);
      const before = displacements;
      displacements = places.map(({ y, x }, at) => {
        const from = before[inside(near(y + motions[at].down), near(x + motions[at].right))];
        return { down: motions[at].down + from.down, right: motions[at].right + from.right };
      });
    }
    return places.flatMap(({ y, x }, at) => {
      const around = neighbours.map(([i, j]) => displacements[inside(y + i, x + j)]);
      return [...around.map(({ down }) => down), ...around.map(({ right }) => right), of(at, 10)];
    });
  });
  return Float64Array.from(images.flat());
}
