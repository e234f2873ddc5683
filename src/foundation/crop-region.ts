/** Zoom and position of a crop. A crop has the aspect ratio of the region shown at zoom 1. */
export interface CropRegion {
  /** Factor by which the crop is smaller than the region at zoom 1, in width and height; at least 1. */
  zoom: number;
  /** Horizontal position, from 0 at the left edge to 1 at the right edge. */
  across: number;
  /** Vertical position, from 0 at the top edge to 1 at the bottom edge. */
  down: number;
}
