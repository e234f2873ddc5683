/** How a finished file or folder comes to its place. */
export interface PlacementOptions {
  /** Looked at once all is written, before it takes its place: where it throws, nothing is left of what was written. */
  confirm?: (() => Promise<unknown>) | undefined;
}
