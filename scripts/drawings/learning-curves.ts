import { join } from 'node:path';
import { readCurve, type CurvePoint } from '../curve.js';
import { drawChart, type Chart } from '../../src/document/chart.js';
import type { Point } from '../../src/document/svg.js';

/** Size of a drawing without the names of its lines, in pixels. */
const SIZE = { width: 760, height: 340 };

const NATS_OF_A_DIGIT = 28 * 28 * Math.LN2;

const thousands = { label: 'thousands of images learnt from', from: 0 };

/** Draws the scores of the three networks on CIFAR-10, in bits/dim, by the number of training images seen. */
export function cifarCurves(): string {
  return drawCurves(
    {
      title:
        'A chart of bits per dimension on held-out images of CIFAR-10 by thousands of images learnt from: ' +
        'falling curves of the three networks with a softmax, and a lower one of the PixelCNN with a mixture ' +
        'of logistics.',
      x: { ...thousands, to: 880 },
      y: { label: 'bits/dim', from: 3.2, to: 5 },
    },
    {
      'PixelCNN, 12 layers, softmax': 'cifar-pixel-cnn-12x64-softmax',
      'Row LSTM, 6 layers, softmax': 'cifar-row-lstm-6x64-softmax',
      'Diagonal BiLSTM, 6 layers, softmax': 'cifar-diagonal-bilstm-6x64-softmax',
      'PixelCNN, 12 layers, mixture': 'cifar',
    },
    ({ images, bitsPerDim }) => [images / 1000, bitsPerDim],
  );
}

/**
 * Draws the scores of the networks on binarised digits, in nats per image, by the number of images that they have
 * learnt from.
 */
export function binarizedMnistCurves(): string {
  return drawCurves(
    {
      title:
        'A chart of nats per image on held-out binarised digits by thousands of images learnt from: a falling ' +
        'curve for each of four networks.',
      x: { ...thousands, to: 1300 },
      y: { label: 'nats per image', from: 78, to: 92 },
    },
    {
      'PixelCNN, 7 layers, h = 16': 'mnist-pixel-cnn-7x16',
      'Row LSTM, 7 layers, h = 16': 'mnist-row-lstm-7x16',
      'Diagonal BiLSTM, 7 layers, h = 16': 'mnist-diagonal-bilstm-7x16',
      'Diagonal BiLSTM, 1 layer, h = 32': 'mnist-diagonal-bilstm-1x32',
    },
    ({ images, bitsPerDim }) => [images / 1000, bitsPerDim * NATS_OF_A_DIGIT],
  );
}

/** Draws the scores of the networks on video with the same conditioning, in bits/dim, by the time on one thread. */
export function videoCurves(): string {
  return drawCurves(
    {
      title:
        'A chart of bits per dimension on clips to validate on by minutes of training: three falling curves; ' +
        'that of the PixelCNN ends lowest, that of the Diagonal BiLSTM highest.',
      x: { label: 'minutes on one thread', from: 0, to: 60 },
      y: { label: 'bits/dim', from: 0.9, to: 1.6 },
    },
    {
      'PixelCNN, 5 blocks': 'video-64-pixel-cnn-mixture',
      'Row LSTM, 5 layers': 'video-64-row-lstm-mixture',
      'Diagonal BiLSTM, 5 layers': 'video-64-diagonal-bilstm-mixture',
    },
    ({ minutes, bitsPerDim }) => [minutes, bitsPerDim],
  );
}

/** Draws the chart of curves: `files` names the file of docs/curves of each line. */
function drawCurves(
  chart: Omit<Chart, 'lines'>,
  files: Readonly<Record<string, string>>,
  pointOf: (state: CurvePoint) => Point,
): string {
  const lines = Object.entries(files).map(([name, file]) => {
    return { name, points: readCurve(join('docs', 'curves', `${file}.csv`)).map(pointOf) };
  });
  return drawChart({ ...chart, lines }, SIZE);
}
