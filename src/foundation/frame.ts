/** Width and height in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** 1: grey, 3: red, green, blue. */
export type Channels = 1 | 3;

/** One picture: `height x width x channels` bytes, row by row, sRGB, full range. */
export interface Frame extends Size {
  channels: Channels;
  data: Uint8Array;
}
