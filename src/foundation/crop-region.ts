/** Zoom and position of a crop of a frame. A crop has the aspect ratio of the region shown at zoom 1. */
export interface CropRegion {
  /** Factor by which the crop is smaller than the region at zoom 1, in width and height; at least 1. */
  zoom: number;
  /** Horizontal position: at 0 the crop touches the frame's left edge, at 1 the right edge. */
  across: number;
  /** Vertical position: at 0 the crop touches the frame's top edge, at 1 the bottom edge. */
  down: number;
}
