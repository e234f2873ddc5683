import type { Size } from '../../frame.js';
import type { Network } from '../../model/network.js';
import type { Op } from '../../model/ops/index.js';

/**
 * A network for smaller images, no larger than `most` in each direction. Op for op the same program: weights do not
 * depend on the size of the image.
 */
export function networkAtMost(network: Network, most: Size): Network {
  const { description, program } = network;
  const { width, height } = description.size;
  const size = { width: Math.min(width, most.width), height: Math.min(height, most.height) };
  if (size.width === width && size.height === height) return network;
  const ops = program.ops.map((op) => resizedOp(op, size));
  return { ...network, description: { ...description, size }, program: { ...program, size, ops } };
}

function resizedOp(op: Op, { width, height }: Size): Op {
  switch (op.op) {
    case 'conv': {
      const sides = { inHeight: height, inWidth: width, outHeight: height, outWidth: width };
      return { ...op, shape: { ...op.shape, ...sides } };
    }
    case 'lstm':
      return { ...op, shape: { ...op.shape, width, height } };
    case 'add':
      return op;
  }
}
