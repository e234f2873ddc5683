import { enlarge, padToEven } from '../../src/video/enlarge.js';
import { resample } from '../../src/video/resample.js';
import { frame } from './made-clips.js';

const ramp = frame(6, 4, 1, (x, y) => 10 * x + y);
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

/** One axis as docs/checkpoint-format.md has it: the middle `kept` of the `scaled` places that `values` become. */
function axisOfPage(values: number[], scaled: number, kept: number): number[] {
  const step = values.length / scaled;
  const at = (place: number) => values[Math.min(Math.max(place, 0), values.length - 1)];
  return Array.from({ length: kept }, (_, place) => {
    const j = Math.floor((scaled - kept) / 2) + place;
    if (step <= 1) {
      const x = (j + 1 / 2) * step - 1 / 2;
      const share = x - Math.floor(x);
      return (1 - share) * at(Math.floor(x)) + share * at(Math.floor(x) + 1);
    }
    const inside = (pixel: number) => Math.max(0, Math.min(pixel + 1, (j + 1) * step) - Math.max(pixel, j * step));
    return values.reduce((sum, value, pixel) => sum + inside(pixel) * value, 0) / step;
  });
}

describe('a picture is scaled as the page of the format says:', () => {
  const w = 20;
  const h = 31;
  const picture = frame(w, h, 1, (x, y) => (x * x * 7 + y * 37 + x * y * 11) % 256);

  // Crops that leave an odd number of rows or columns, which cannot be cut alike on both sides.
  it.each([
    { width: 13, height: 11, fit: 'crop' },
    { width: 20, height: 16, fit: 'crop' },
    { width: 33, height: 16, fit: 'crop' },
    { width: 9, height: 40, fit: 'crop' },
    { width: 47, height: 8, fit: 'stretch' },
  ] as const)('20x31 to $width x $height, $fit', ({ width, height, fit }) => {
    const wide = Math.max(width, Math.round((height * w) / h));
    const high = Math.max(height, Math.round((width * h) / w));
    const scaled = fit === 'crop' ? { wide, high } : { wide: width, high: height };
    const rows = Array.from({ length: h }, (_, y) =>
      axisOfPage([...picture.data.subarray(y * w, (y + 1) * w)], scaled.wide, width),
    );
    const column = (x: number) => rows.map((row) => row[x]);
    const columns = Array.from({ length: width }, (_, x) => axisOfPage(column(x), scaled.high, height));
    const expected = Array.from({ length: width * height }, (_, at) => columns[at % width][Math.floor(at / width)]);
    const received = levels(resample(picture, { width, height }, fit).data);
    // The order of a sum may decide where a value lies between two bytes.
    received.forEach((byte, at) => expect(Math.abs(byte - expected[at])).toBeLessThan(0.5 + 1e-9));
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
