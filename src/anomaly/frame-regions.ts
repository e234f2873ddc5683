import type { Box, Size } from '../foundation/frame.js';

/** Side of a region, as a fraction of the shorter side of a frame. */
const SIDE = 1 / 4;

/**
 * Grid of square regions of a frame, overlapping by about half. Their side is a quarter of the frame's shorter side.
 */
export class FrameRegions {
  /** Regions in raster order, in pixels. */
  readonly boxes: readonly Box[];
  /** Summed-area table, (height + 1) x (width + 1). */
  private readonly sums: Float64Array;

  constructor(readonly size: Size) {
    const side = Math.max(1, Math.round(SIDE * Math.min(size.width, size.height)));
    const columns = starts(size.width, side);
    this.boxes = starts(size.height, side).flatMap((y) => columns.map((x) => ({ x, y, width: side, height: side })));
    this.sums = new Float64Array((size.width + 1) * (size.height + 1));
  }

  /** Returns the mean of a map over each region, in the order of `boxes`. @param map height x width */
  regionMeans(map: Float64Array): Float64Array {
    const { sums, size } = this;
    const line = size.width + 1;
    for (let y = 0; y < size.height; y++) {
      let row = 0;
      for (let x = 0; x < size.width; x++) {
        row += map[y * size.width + x];
        sums[(y + 1) * line + x + 1] = sums[y * line + x + 1] + row;
      }
    }
    return Float64Array.from(this.boxes, ({ x, y, width, height }) => {
      const above = y * line;
      const below = (y + height) * line;
      const sum = sums[below + x + width] - sums[below + x] - sums[above + x + width] + sums[above + x];
      return sum / (width * height);
    });
  }
}

/** Returns the offsets of regions along a side of the frame: evenly spaced, half a region apart or a little less. */
function starts(length: number, side: number): number[] {
  const last = length - side;
  const steps = Math.ceil((2 * last) / side);
  return Array.from({ length: steps + 1 }, (_, at) => (steps === 0 ? 0 : Math.round((at * last) / steps)));
}
