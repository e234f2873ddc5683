/** Width and height in pixels. */
export interface Size {
  /** Pixels in a row. */
  width: number;
  /** Rows of pixels. */
  height: number;
}

/** A rectangle, in pixels from the top left. */
export interface Box extends Size {
  /** Pixels to its left. */
  x: number;
  /** Rows above it. */
  y: number;
}

/** 1: grey, 3: red, green, blue. */
export type Channels = 1 | 3;

/** One picture: `height x width x channels` bytes, row by row, sRGB, full range. */
export interface Frame extends Size {
  /** Bytes of a pixel; 1: grey, 3: red, green, blue. */
  channels: Channels;
  /** Values from 0 to 255, those of a pixel side by side. */
  data: Uint8Array;
}
