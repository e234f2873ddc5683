import { tf } from '../foundation/tfjs.js';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { ParameterShape } from '../backend/convolution-shape.js';
import { convolutionParameters, type ParameterSpec } from '../backend/parameters.js';
import { relu } from '../backend/element-wise.js';

/** An ordinary convolution of a conditioning network, or (where `transposed`) the transpose of one, then a ReLU. */
export interface ConvolutionLayer {
  name: string;
  /** Kernel height and width. */
  kernel: number;
  from: number;
  to: number;
  /** Divides the size; multiplies it where transposed. */
  stride: number;
  transposed?: true;
}

/** As much of the shape of a convolution that sees everything as its parameters need. */
export function unmaskedShape(kernel: number, from: number, to: number): ParameterShape {
  const taps = Array.from({ length: kernel * kernel }, (_, position) => ({ dy: 0, dx: 0, position, sees: [from] }));
  return { kernel: { height: kernel, width: kernel }, inFeatures: from, outFeatures: to, groups: [to], taps };
}

/** `<name>.weights` and `<name>.bias`; a transposed layer has those of the convolution whose transpose it is. */
export function layerParameters({ name, kernel, from, to, transposed }: ConvolutionLayer): ParameterSpec[] {
  const specs = convolutionParameters(name, unmaskedShape(kernel, from, to));
  if (transposed) specs[0] = { ...specs[0], shape: [kernel, kernel, to, from] };
  return specs;
}

/** A layer with its weights; a transposed one needs the height and width that it makes. */
export type RunLayer = (x: Tensor4D, size?: { height: number; width: number }) => Tensor4D;

/** Makes layers ready to run. @param weights in the order of the layers' parameters */
export function bindLayers(layers: readonly ConvolutionLayer[], weights: readonly Tensor[]): RunLayer[] {
  return layers.map(({ stride, to, transposed }, index) => {
    const [kernel, bias] = [weights[2 * index] as Tensor4D, weights[2 * index + 1] as Tensor1D];
    return (x, size) => {
      const y =
        transposed && size !== undefined
          ? tf.conv2dTranspose(x, kernel, [x.shape[0], size.height, size.width, to], stride, 'same')
          : tf.conv2d(x, kernel, stride, 'same');
      return relu(tf.add<Tensor4D>(y, bias));
    };
  });
}

/** x + layer(x). */
export function residual(x: Tensor4D, layer: RunLayer): Tensor4D {
  return tf.add<Tensor4D>(x, layer(x));
}
