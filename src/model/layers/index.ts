import { pixelCnnBlock } from './pixel-cnn-block.js';

/** Every kind of layer; a new one is a file and a line here. */
export const layers = { [pixelCnnBlock.type]: pixelCnnBlock } as const;
export type { PixelCnnBlockDescription as LayerDescription } from './pixel-cnn-block.js';
