import { diagonalBiLstm, type DiagonalBiLstmDescription } from './diagonal-bilstm.js';
import type { Layer } from './layer.js';
import { pixelCnnBlock, type PixelCnnBlockDescription } from './pixel-cnn-block.js';
import { rowLstm, type RowLstmDescription } from './row-lstm.js';

/** Description of a layer of any kind. @inline */
export type LayerDescription = PixelCnnBlockDescription | RowLstmDescription | DiagonalBiLstmDescription;

/** Registry of all kinds of layer, by type; a new one is a file, and a line here and above. */
export const layers = {
  'pixel-cnn-block': pixelCnnBlock,
  'row-lstm': rowLstm,
  'diagonal-bilstm': diagonalBiLstm,
} as const;

/** Returns the kind of layer that a description names. */
export function getLayer(description: LayerDescription): Layer<LayerDescription> {
  return layers[description.type];
}
