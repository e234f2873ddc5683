import { join } from 'node:path';
import { readCurve } from '../curve.js';
import { drawChart, type Line } from '../../src/document/chart.js';

/** Size of a drawing without the names of its lines, in pixels. */
const SIZE = { width: 760, height: 340 };

const NATS_OF_A_DIGIT = 28 * 28 * Math.LN2;

/** Draws the scores of the three networks on CIFAR-10, in bits/dim, by the number of training images seen. */
export function cifarCurves(): string {
  const curve = (name: string, file: string) => ({ name, points: pointsOf(file, 1) });
  return drawChart(
    {
      title:
        'A chart of bits per dimension on held-out images of CIFAR-10 by thousands of images learnt from: ' +
        'falling curves of the three networks with a softmax, and a lower one of the PixelCNN with a mixture ' +
        'of logistics.',
      x: {
        label: 'thousands of images learnt from',
        from: 0,
        to: 880,
      },
      y: { label: 'bits/dim', from: 3.2, to: 5 },
      lines: [
        curve('PixelCNN, 12 layers, softmax', 'cifar-pixel-cnn-12x64-softmax'),
        curve('Row LSTM, 6 layers, softmax', 'cifar-row-lstm-6x64-softmax'),
        curve('Diagonal BiLSTM, 6 layers, softmax', 'cifar-diagonal-bilstm-6x64-softmax'),
        curve('PixelCNN, 12 layers, mixture', 'cifar'),
      ],
    },
    SIZE,
  );
}

/**
 * Draws the scores of the networks on binarised digits, in nats per image, by the number of images that they have
 * learnt from.
 */
export function binarizedMnistCurves(): string {
  const curve = (name: string, file: string): Line => {
    return { name, points: pointsOf(file, NATS_OF_A_DIGIT) };
  };
  return drawChart(
    {
      title:
        'A chart of nats per image on held-out binarised digits by thousands of images learnt from: a falling ' +
        'curve for each of four networks.',
      x: { label: 'thousands of images learnt from', from: 0, to: 1300 },
      y: { label: 'nats per image', from: 78, to: 92 },
      lines: [
        curve('PixelCNN, 7 layers, h = 16', 'mnist-pixel-cnn-7x16'),
        curve('Row LSTM, 7 layers, h = 16', 'mnist-row-lstm-7x16'),
        curve('Diagonal BiLSTM, 7 layers, h = 16', 'mnist-diagonal-bilstm-7x16'),
        curve('Diagonal BiLSTM, 1 layer, h = 32', 'mnist-diagonal-bilstm-1x32'),
      ],
    },
    SIZE,
  );
}

/** Draws the scores of the networks on video with the same conditioning, in bits/dim, by the time on one thread. */
export function videoCurves(): string {
  const curve = (name: string, file: string): Line => {
    const points = readCurve(curveFile(file)).map(({ minutes, bitsPerDim }) => [minutes, bitsPerDim] as const);
    return { name, points };
  };
  return drawChart(
    {
      title:
        'A chart of bits per dimension on clips to validate on by minutes of training: three falling curves; ' +
        'that of the PixelCNN ends lowest, that of the Diagonal BiLSTM highest.',
      x: { label: 'minutes on one thread', from: 0, to: 60 },
      y: { label: 'bits/dim', from: 0.9, to: 1.6 },
      lines: [
        curve('PixelCNN, 5 blocks', 'video-64-pixel-cnn-mixture'),
        curve('Row LSTM, 5 layers', 'video-64-row-lstm-mixture'),
        curve('Diagonal BiLSTM, 5 layers', 'video-64-diagonal-bilstm-mixture'),
      ],
    },
    SIZE,
  );
}

/** Returns the points of a file of docs/curves: thousands of images, and bits/dim times `factor`. */
function pointsOf(file: string, factor: number): (readonly [number, number])[] {
  return readCurve(curveFile(file)).map(({ images, bitsPerDim }) => [images / 1000, bitsPerDim * factor] as const);
}

function curveFile(name: string): string {
  return join('docs', 'curves', `${name}.csv`);
}
