import { enlarge, padToEven } from '../../src/video/canvas.js';
import { resample } from '../../src/video/resample.js';
import { randomInts } from '../random.js';
import { frame } from './made-clips.js';

const ramp = frame(6, 4, 1, (x, y) => 10 * x + y);
const randomAt = randomInts(4093, 256, 7);
const levels = (data: Uint8Array) => [...data];

describe('resample', () => {
  it('leaves a picture of the right size as it is', () => {
    expect(levels(resample(ramp, { width: 6, height: 4 }, 'crop').data)).toEqual(levels(ramp.data));
  });

  it('takes the mean of the area that a pixel covers, 6x4 to 3x2', () => {
    expect(levels(resample(ramp, { width: 3, height: 2 }, 'crop').data)).toEqual([6, 26, 46, 8, 28, 48]);
  });

  it('undoes an enlargement exactly', () => {
    const source = frame(5, 3, 3, (x, y, c) => 40 * x + 13 * y + c);
    const back = resample(enlarge(source, 4), { width: 5, height: 3 }, 'crop');
    expect(levels(back.data)).toEqual(levels(source.data));
  });

  it('cuts both sides alike: 6x4 to 2x4 keeps columns 2 and 3', () => {
    const cut = resample(ramp, { width: 2, height: 4 }, 'crop');
    expect(levels(cut.data)).toEqual([20, 30, 21, 31, 22, 32, 23, 33]);
  });

  it('distorts where told to: 6x4 to 2x2 covers all columns', () => {
    expect(levels(resample(ramp, { width: 2, height: 2 }, 'stretch').data)).toEqual([11, 41, 13, 43]);
  });

  it('interpolates upwards and keeps the edges, 2x1 to 4x2', () => {
    const pair = frame(2, 1, 1, (x) => 100 * x);
    expect(levels(resample(pair, { width: 4, height: 2 }, 'crop').data)).toEqual([0, 25, 75, 100, 0, 25, 75, 100]);
  });

  it('makes any size of a single pixel', () => {
    const dot = frame(1, 1, 3, (_x, _y, c) => 50 * c);
    expect(new Set(resample(dot, { width: 7, height: 3 }, 'crop').data)).toEqual(new Set([0, 50, 100]));
  });
});

/**
 * One axis by the arithmetic of docs/checkpoint-format.md, operation by operation: the middle `kept` of the `to` places
 * that `values` become, not rounded.
 */
function axisOfPage(values: number[], to: number, kept: number): number[] {
  const step = values.length / to;
  const edge = (x: number) => Math.min(Math.max(x, 0), values.length - 1);
  return Array.from({ length: kept }, (_, place) => {
    const low = (Math.floor((to - kept) / 2) + place) * step;
    const [first, count] =
      step > 1 ? [Math.floor(low + 0.000000001), Math.ceil(step) + 1] : [Math.floor(low + step / 2 - 0.5), 2];
    const weights = new Map<number, number>();
    for (let x = first; x < first + count; x++) {
      const weight =
        step > 1
          ? Math.max(0, Math.min(x + 1, low + step) - Math.max(x, low)) / step
          : Math.max(0, 1 - Math.abs(x + 0.5 - (low + step / 2)));
      weights.set(edge(x), (weights.get(edge(x)) ?? 0) + weight);
    }
    return [...weights].reduce((sum, [pixel, weight]) => sum + weight * values[pixel], 0);
  });
}

describe('a picture is scaled as the page of the format says, where values lie between two bytes too:', () => {
  // Crops that leave an odd number of rows or columns, halves and thirds, and one pixel.
  it.each([
    { from: [20, 31], to: [13, 11], fit: 'crop' },
    { from: [20, 31], to: [20, 16], fit: 'crop' },
    { from: [20, 31], to: [33, 16], fit: 'crop' },
    { from: [20, 31], to: [9, 40], fit: 'crop' },
    { from: [20, 31], to: [47, 8], fit: 'stretch' },
    { from: [64, 48], to: [32, 24], fit: 'stretch' },
    { from: [60, 42], to: [20, 7], fit: 'stretch' },
    { from: [33, 27], to: [66, 54], fit: 'crop' },
    { from: [50, 35], to: [30, 21], fit: 'crop' },
    { from: [1, 3], to: [5, 2], fit: 'stretch' },
  ] as const)('$from to $to, $fit', ({ from: [w, h], to: [width, height], fit }) => {
    const picture = frame(w, h, 1, (x, y) => randomAt[(y * w + x) % randomAt.length]);
    const [wide, high] = [Math.max(width, Math.round((height * w) / h)), Math.max(height, Math.round((width * h) / w))];
    const scaled = fit === 'crop' ? { wide, high } : { wide: width, high: height };
    const rows = Array.from({ length: h }, (_, y) =>
      axisOfPage([...picture.data.subarray(y * w, (y + 1) * w)], scaled.wide, width),
    );
    const columns = Array.from({ length: width }, (_, x) =>
      axisOfPage(
        rows.map((row) => row[x]),
        scaled.high,
        height,
      ),
    );
    const sums = Array.from({ length: width * height }, (_, at) => columns[at % width][Math.floor(at / width)]);
    expect(levels(resample(picture, { width, height }, fit).data)).toEqual(sums.map((sum) => Math.floor(sum + 0.5)));
    if (width === 32) expect(sums.filter((sum) => sum % 1 === 0.5).length).toBeGreaterThan(10);
  });
});

describe('what a clip is written as', () => {
  it('is enlarged by whole squares', () => {
    expect(
      levels(
        enlarge(
          frame(2, 1, 1, (x) => x + 1),
          2,
        ).data,
      ),
    ).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
  });

  it('repeats its last column and row where their number is odd', () => {
    const padded = padToEven(frame(3, 1, 1, (x) => x));
    expect(padded).toMatchObject({ width: 4, height: 2 });
    expect(levels(padded.data)).toEqual([0, 1, 2, 2, 0, 1, 2, 2]);
  });
});
