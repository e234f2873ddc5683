import type { Markup } from '../markup.js';

/** Renderers of one kind of block, one for each output format. */
export interface BlockKind<Block> {
  /** Returns text for a terminal; empty if the block has no text. */
  text(block: Block): string;
  /** Returns the block's figures and words as an object for JSON. Of images, only the size is included. */
  json(block: Block): object;
  /** Returns HTML for a report page. */
  html(block: Block): Markup | Promise<Markup>;
  /** Returns the figures as CSV; absent for kinds of block without figures. */
  csv?(block: Block): string;
}
