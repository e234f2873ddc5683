/** Options for writing a file or folder atomically. */
export interface PlacementOptions {
  /**
   * Called after all is written, before the rename to the final path. If `confirm` rejects, all output is removed, and
   * the call rejects with its error.
   */
  confirm?: (() => Promise<unknown>) | undefined;
}
