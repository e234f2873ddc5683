import type { BlockKind } from './block-kind.js';
import { clip, type Clip } from './clip.js';
import { number, type NumberBlock } from './number.js';
import { picture, type Picture } from './picture.js';
import { series, type Series } from './series.js';
import { table, type Table } from './table.js';
import { text, type TextBlock } from './text.js';

/** Block of a report: one result of a command, as plain data. */
export type Block = Clip | NumberBlock | Picture | Series | Table | TextBlock;

/** Renderers of blocks, by kind of block. A new kind of block is a file and a line here. */
const blockKinds: { [K in Block['kind']]: BlockKind<Extract<Block, { kind: K }>> } = {
  clip,
  number,
  picture,
  series,
  table,
  text,
};

/** Returns the renderers for the kind of `block`. */
export function getBlockKind(block: Block): BlockKind<Block> {
  return blockKinds[block.kind];
}
