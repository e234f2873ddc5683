import type { NamedAttrMap, NamedTensorInfoMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { tf } from '../foundation/tfjs.js';
import { maskOf } from './convolution.js';
import type { KernelNumbers } from './kernels/index.js';
import { operationOf } from './operation.js';
import { ordinaryConvolution } from './ordinary-convolution.js';
import type { WebgpuPrograms } from './webgpu-backend.js';
import { convolveOnWebgpu, filterGradientOnWebgpu, inputGradientOnWebgpu } from './webgpu-convolution.js';

type Run = (backend: WebgpuPrograms, inputs: never, attributes: never) => Tensor | Tensor[];

/** Kernels of pxv in WGSL, and those of tfjs that they replace, by name. Others have composed forms. */
const kernels: Record<string, Run> = {
  [operationOf('convolution')]: (...call: Parameters<typeof convolveOnWebgpu>) => [convolveOnWebgpu(...call)],
  [operationOf('convolutionInputGradient')]: (...call: Parameters<typeof inputGradientOnWebgpu>) => [
    inputGradientOnWebgpu(...call),
  ],
  [operationOf('convolutionFilterGradient')]: (
    backend,
    inputs: { x: Tensor4D; dy: Tensor4D },
    numbers: KernelNumbers<'convolutionFilterGradient'>,
  ) => {
    const dense = filterGradientOnWebgpu(backend, inputs, numbers);
    return [tf.mul(dense, maskOf(numbers.shape)), tf.sum(inputs.dy, [0, 1, 2])];
  },
  /** tfjs reads x and dy once more for each weight. */
  [tf.Conv2DBackpropFilter]: (backend, inputs: { x: Tensor4D; dy: Tensor4D }, attributes: NamedAttrMap) => {
    const { filterShape, strides, pad, dimRoundingMode } = attributes as Record<string, never>;
    const info = tf.backend_util.computeConv2DInfo(inputs.x.shape, filterShape, strides, 1, pad, dimRoundingMode);
    return filterGradientOnWebgpu(backend, inputs, { shape: ordinaryConvolution(info)!, relu: false });
  },
};

/** Registers the kernels in WGSL with tfjs, in place of those of tfjs. */
export function registerWebgpuKernels(): void {
  for (const [kernelName, run] of Object.entries(kernels)) {
    const name = { kernelName, backendName: 'webgpu' };
    if (tf.getKernel(kernelName, 'webgpu') !== undefined) tf.unregisterKernel(kernelName, 'webgpu');
    const kernelFunc = ({
      inputs,
      attrs,
      backend,
    }: {
      inputs: NamedTensorInfoMap;
      attrs?: NamedAttrMap;
      backend: unknown;
    }) => tf.tidy(() => run(backend as WebgpuPrograms, inputs as never, attrs as never));
    tf.registerKernel({ ...name, kernelFunc });
  }
}
