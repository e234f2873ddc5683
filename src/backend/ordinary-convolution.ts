import type { backend_util } from '@tensorflow/tfjs-core';
import { denseConvolution, type ConvolutionShape } from './convolution-shape.js';

/** Shapes of `ordinaryConvolution`, one for each geometry, as plans are kept by shape. */
const ordinary = new Map<string, ConvolutionShape>();

/**
 * Returns the shape of a convolution of tfjs, the same object for equal geometries; null if strides differ, taps are
 * dilated, or there is no output.
 */
export function ordinaryConvolution(info: backend_util.Conv2DInfo): ConvolutionShape | null {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, strideHeight: stride, padInfo } = info;
  const isOrdinary = stride === info.strideWidth && info.dilationHeight === 1 && info.dilationWidth === 1;
  if (!isOrdinary || info.outShape.includes(0)) return null;
  const dense = {
    inHeight,
    inWidth,
    inFeatures: inChannels,
    outHeight,
    outWidth,
    outFeatures: outChannels,
    stride,
    kernel: { height: info.filterHeight, width: info.filterWidth },
    top: padInfo.top,
    left: padInfo.left,
  };
  const key = JSON.stringify(dense);
  const shape = ordinary.get(key) ?? denseConvolution(dense);
  ordinary.set(key, shape);
  return shape;
}
