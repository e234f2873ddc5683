import { colourGroups } from './colour-groups.js';
import { conditioning } from './conditioning.js';
import { contexts, lostCorner } from './contexts.js';
import { heads } from './heads.js';
import { layerBlocks } from './layer-blocks.js';
import { binarizedMnistCurves, cifarCurves, videoCurves } from './learning-curves.js';
import { masks } from './masks.js';
import { overview } from './overview.js';
import { rasterOrder } from './raster-order.js';
import { scales } from './scales.js';
import { trainings } from './trainings.js';
import { oneRowDown, scanOrders } from './scan-orders.js';
import { warpedFrames } from './warped-frames.js';

/** SVG drawings of the documents by file name, made from the code or the curves that they show. */
export const drawings: Readonly<Record<string, () => string>> = {
  overview,
  'raster-order': rasterOrder,
  masks,
  'colour-groups': colourGroups,
  'layer-blocks': layerBlocks,
  'scan-orders': scanOrders,
  'one-row-down': oneRowDown,
  contexts,
  'lost-corner': lostCorner,
  conditioning,
  'warped-frames': warpedFrames,
  heads,
  scales,
  'cifar-curves': cifarCurves,
  'binarized-mnist-curves': binarizedMnistCurves,
  'video-64-curves': videoCurves,
  trainings,
};
