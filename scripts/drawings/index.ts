import { colourGroups } from './colour-groups.js';
import { conditioning } from './conditioning.js';
import { contexts, lostCorner } from './contexts.js';
import { heads } from './heads.js';
import { layerBlocks } from './layer-blocks.js';
import { masks } from './masks.js';
import { rasterOrder } from './raster-order.js';
import { scales } from './scales.js';
import { oneRowDown, walks } from './walks.js';

/** The drawings of docs/models.md by the names of their files: SVG, made from the code that they show. */
export const drawings: Readonly<Record<string, () => string>> = {
  'raster-order': rasterOrder,
  masks,
  'colour-groups': colourGroups,
  'layer-blocks': layerBlocks,
  walks,
  'one-row-down': oneRowDown,
  contexts,
  'lost-corner': lostCorner,
  conditioning,
  heads,
  scales,
};
