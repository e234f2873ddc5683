import type { Protocol, PublishedForecast } from './protocol.js';

/** Result of OpenSTL's own training of a model, from the project's benchmark tables. */
function openstl(model: string, mse: number, mae: number, ssim: number, psnr: number): PublishedForecast {
  return { model, values: { mse, mae, 'ssim-openstl': ssim, psnr }, source: 'OpenSTL, benchmarks of Moving MNIST' };
}

/** Result whose paper was not read. */
function secondHand(model: string, mse: number): PublishedForecast {
  return { model, values: { mse }, source: "the model's paper; its training may differ", isSecondHand: true };
}

/** Cross-entropy that Video Pixel Networks report. */
function vpn(model: string, nats: number) {
  return { model, nats, source: 'arXiv 1610.00527' };
}

/** Moving MNIST as OpenSTL evaluates it (openstl/core/metrics.py, openstl/datasets/dataloader_moving_mnist.py). */
export const movingMnist: Protocol = {
  data: 'Moving MNIST, two digits',
  context: 10,
  horizon: 10,
  from: 10,
  size: { width: 64, height: 64 },
  channels: 1,
  split: {
    words:
      'every given clip; the published test set is mnist_test_seq.npy, 10,000 sequences of 20 frames ' +
      '(pxv datasets get moving-mnist)',
    path: null,
    example: 'sequence-0001/01.png',
  },
  metrics: ['mse', 'mae', 'ssim-openstl', 'psnr', 'ssim-uniform'],
  publishedOf: 'one prediction, best of three trainings on the test set',
  published: [
    openstl('PredRNN++, 2,000 epochs', 14.07, 48.91, 0.9698, 26.37),
    openstl('SimVP gSTA, 2,000 epochs', 15.05, 49.8, 0.9675, 25.97),
    openstl('PhyDNet, 2,000 epochs', 20.35, 61.47, 0.9559, 24.21),
    openstl('SimVP ConvMixer, 2,000 epochs', 22.3, 67.37, 0.9507, 23.73),
    openstl('ConvLSTM-S, 2,000 epochs', 22.41, 73.07, 0.948, 23.54),
    openstl('PredRNN++, 200 epochs', 22.06, 69.58, 0.9509, 23.65),
    openstl('SimVP gSTA, 200 epochs', 26.69, 77.19, 0.9402, 22.78),
    openstl('PhyDNet, 200 epochs', 28.19, 78.64, 0.9374, 22.62),
    openstl('ConvLSTM-S, 200 epochs', 29.8, 90.64, 0.9288, 22.1),
    openstl('SimVP ConvMixer, 200 epochs', 32.09, 88.93, 0.9259, 21.93),
    secondHand('PFGNet', 15.2),
    secondHand('VMRNN', 16.5),
    secondHand('IAM4VP', 17.2),
    secondHand('SwinLSTM', 17.7),
    secondHand('TAU', 19.8),
    secondHand('SimVP', 23.8),
  ],
  crossEntropies: [
    vpn('Video Pixel Networks', 87.6),
    vpn('the same, without dependencies between pixels', 110.1),
    vpn('lower bound, where each mean is the level', 86.3),
  ],
  differences: ['predictions have whole levels of 8 bits, which adds at most 0.01 to MSE'],
};
