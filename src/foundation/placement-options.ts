/** Options for writing a file or folder atomically. */
export interface PlacementOptions {
  /** Called once all is written, before the rename to the final path. If `confirm` throws, all output is removed. */
  confirm?: (() => Promise<unknown>) | undefined;
}
