import { randomFloats } from './random.js';

const DIRECTIONS = 3;

export interface GradientCheck {
  /** What is checked; it begins the message of a failure. */
  name: string;
  /** The function in float64 arithmetic. */
  value: (x: Float64Array) => number;
  /** Where, and the gradient to check there. */
  x: ArrayLike<number>;
  gradient: ArrayLike<number>;
  /** Half of the distance between the two points of a difference. */
  step?: number;
  /** Largest error, relative to the larger of the two numbers and to the gradient's root mean square. */
  tolerance?: number;
  /** Up to so many values, each partial derivative is checked; above, directions only. */
  exhaustive?: number;
}

/**
 * Compares a gradient with central differences: along random directions, and for each value on its own where there are
 * few. Throws where they disagree.
 */
export function checkGradient(check: GradientCheck): void {
  const { name, value, x, gradient, step = 1e-4, tolerance = 1e-4, exhaustive = 200 } = check;
  if (gradient.length !== x.length)
    throw new Error(`${name}: ${x.length} values, but a gradient of ${gradient.length}`);
  const meanSquare = dot(gradient, gradient) / gradient.length;

  const compare = (direction: ArrayLike<number>, label: string): void => {
    const along = (distance: number): number => value(Float64Array.from(x, (v, i) => v + distance * direction[i]));
    const expected = (along(step) - along(-step)) / (2 * step);
    const received = dot(gradient, direction);
    const scale = Math.max(Math.abs(expected), Math.abs(received), Math.sqrt(dot(direction, direction) * meanSquare));
    if (!(Math.abs(expected - received) <= tolerance * scale))
      throw new Error(`${name}: gradient ${label}: expected ${expected}, received ${received}`);
  };

  for (let d = 0; d < DIRECTIONS; d++) compare(randomFloats(x.length, 100 + d), `along direction ${d}`);
  if (x.length > exhaustive) return;
  for (let i = 0; i < x.length; i++) {
    const unit = new Float64Array(x.length);
    unit[i] = 1;
    compare(unit, `at index ${i}`);
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
