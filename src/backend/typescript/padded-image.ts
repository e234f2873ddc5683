import { rectified } from './elementwise.js';

/** One image with a border of zeros, so that no tap needs to ask whether it is inside. */
export interface PaddedImage {
  height: number;
  width: number;
  features: number;
  top: number;
  left: number;
  paddedHeight: number;
  paddedWidth: number;
}

/** The border that lets source rows `rows` and columns `columns` (first and last, inclusive) be read. */
export function paddedImage(
  image: { height: number; width: number; features: number },
  rows: readonly [number, number],
  columns: readonly [number, number],
): PaddedImage {
  const top = Math.max(0, -rows[0]);
  const left = Math.max(0, -columns[0]);
  const bottom = Math.max(0, rows[1] - (image.height - 1));
  const right = Math.max(0, columns[1] - (image.width - 1));
  return {
    ...image,
    top,
    left,
    paddedHeight: image.height + top + bottom,
    paddedWidth: image.width + left + right,
  };
}

/** out[at ...] = the image that starts at x[from], through ReLU where `relu`, inside its border. */
export function copyPadded(
  x: Float32Array,
  from: number,
  image: PaddedImage,
  relu: boolean,
  out: Float64Array,
  at: number,
): void {
  const { height, width, features, top, left, paddedHeight, paddedWidth } = image;
  const row = width * features;
  if (paddedHeight > height || paddedWidth > width) out.fill(0, at, at + paddedHeight * paddedWidth * features);
  for (let y = 0; y < height; y++) {
    const source = from + y * row;
    const target = at + ((y + top) * paddedWidth + left) * features;
    if (relu) for (let i = 0; i < row; i++) out[target + i] = rectified(x[source + i]);
    else out.set(x.subarray(source, source + row), target);
  }
}
