/** Options for writing a file or folder atomically. */
export interface PlacementOptions {
  /**
   * Called after all is written, before the rename to the final path. If `confirm` rejects, nothing is left of the
   * output, and the call rejects with the error of `confirm`.
   */
  confirm?: (() => Promise<unknown>) | undefined;
}
