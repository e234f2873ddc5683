import type { Markup } from '../markup.js';

/** One kind of block: how what was found is shown, each way once. */
export interface BlockKind<Block> {
  /** For a terminal; nothing where a picture says it all. */
  text(block: Block): string;
  /** For programs: figures and words; of pictures their size alone. */
  json(block: Block): object;
  /** For a page. */
  html(block: Block): Markup | Promise<Markup>;
  /** For people who plot, where there are figures. */
  csv?(block: Block): string;
}
