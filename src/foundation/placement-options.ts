/** Options for writing a file or folder atomically. */
export interface PlacementOptions {
  /** Called once all is written, before the rename to the final path. If it throws, all that was written is removed. */
  confirm?: (() => Promise<unknown>) | undefined;
}
