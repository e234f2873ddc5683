/** Size of an image, in pixels. */
export interface Size {
  /** Pixels in a row. */
  width: number;
  /** Rows of pixels. */
  height: number;
}

/** Rectangle in an image, in pixels from the top left. */
export interface Box extends Size {
  /** Column of the left edge. */
  x: number;
  /** Row of the top edge. */
  y: number;
}

/** Number of channels. 1: gray; 3: red, green, blue. */
export type Channels = 1 | 3;

/** Image of `height x width x channels` bytes, row by row, sRGB, full range. */
export interface Frame extends Size {
  /** Bytes per pixel. 1: gray; 3: red, green, blue. */
  channels: Channels;
  /** Values 0 to 255; the channels of a pixel lie side by side. */
  data: Uint8Array;
}

/** Frame with its place in a source of which frames may be missing. */
export interface IndexedFrame extends Frame {
  /** 0-based index in the source. */
  index: number;
}
