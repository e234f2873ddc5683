import { join } from 'node:path';
import { readCurve } from '../curve.js';
import { drawChart, type Line } from './chart.js';
import type { Paint } from './svg.js';

/** The network that a line stands for has the same colour in every chart. */
const paintOf = { pixelCnn: 'seen', rowLstm: 'green', diagonalBilstm: 'red' } as const satisfies Record<string, Paint>;

const NATS_OF_A_DIGIT = 28 * 28 * Math.LN2;

/** What the three networks reach on CIFAR-10, in bits/dim, by the number of images that they have learnt from. */
export function cifarCurves(): string {
  const curve = (name: string, paint: Paint, file: string) => ({ name, paint, points: pointsOf(file, 1) });
  const mixture = joined(
    ['mixture', 'mixture-continued', 'mixture-together', 'mixture-together-continued'].map(
      (part) => `cifar-pixel-cnn-12x64-${part}`,
    ),
  );
  return drawChart({
    title:
      'A chart of bits per dimension on held-out images of CIFAR-10 by thousands of images learnt from: falling curves of the three networks with a softmax, and a lower one of the PixelCNN with a mixture of logistics.',
    x: {
      words: 'thousands of images learnt from',
      from: 0,
      to: 1060,
      ticks: [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
    },
    y: { words: 'bits/dim', from: 3.2, to: 5, ticks: [3.2, 3.4, 3.6, 3.8, 4, 4.2, 4.4, 4.6, 4.8, 5] },
    lines: [
      { ...curve('PixelCNN, 12 layers, softmax', paintOf.pixelCnn, 'cifar-pixel-cnn-12x64-softmax'), dashed: true },
      curve('Row LSTM, 6 layers, softmax', paintOf.rowLstm, 'cifar-row-lstm-6x64-softmax'),
      curve('Diagonal BiLSTM, 6 layers, softmax', paintOf.diagonalBilstm, 'cifar-diagonal-bilstm-6x64-softmax'),
      { name: 'PixelCNN, 12 layers, mixture', paint: paintOf.pixelCnn, points: mixture },
    ],
  });
}

/** What the networks reach on binarised digits, in nats an image, by the number of images that they have learnt from. */
export function binarizedMnistCurves(): string {
  const curve = (name: string, paint: Paint, file: string): Line => {
    return { name, paint, points: pointsOf(file, NATS_OF_A_DIGIT) };
  };
  return drawChart({
    title:
      'A chart of nats per image on held-out binarised digits by thousands of images learnt from: a falling curve for each of four networks.',
    x: { words: 'thousands of images learnt from', from: 0, to: 1300, ticks: [0, 200, 400, 600, 800, 1000, 1200] },
    y: { words: 'nats per image', from: 78, to: 92, ticks: [78, 80, 82, 84, 86, 88, 90, 92] },
    lines: [
      curve('PixelCNN, 7 layers, h = 16', paintOf.pixelCnn, 'mnist-pixel-cnn-7x16'),
      curve('Row LSTM, 7 layers, h = 16', paintOf.rowLstm, 'mnist-row-lstm-7x16'),
      curve('Diagonal BiLSTM, 7 layers, h = 16', paintOf.diagonalBilstm, 'mnist-diagonal-bilstm-7x16'),
      {
        ...curve('Diagonal BiLSTM, 1 layer, h = 32', paintOf.diagonalBilstm, 'mnist-diagonal-bilstm-1x32'),
        dashed: true,
      },
    ],
  });
}

/** What the networks reach on video with the same conditioning, in bits/dim, by the time on one thread. */
export function videoCurves(): string {
  const curve = (name: string, paint: Paint, file: string): Line => {
    const points = readCurve(curveFile(file)).map(({ minutes, bitsPerDim }) => [minutes, bitsPerDim] as const);
    return { name, paint, points };
  };
  return drawChart({
    title:
      'A chart of bits per dimension on clips to validate on by minutes of training: three falling curves; that of the PixelCNN ends lowest, that of the Diagonal BiLSTM highest.',
    x: { words: 'minutes on one thread', from: 0, to: 60, ticks: [0, 10, 20, 30, 40, 50, 60] },
    y: { words: 'bits/dim', from: 0.9, to: 1.6, ticks: [0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6] },
    lines: [
      curve('PixelCNN, 5 blocks', paintOf.pixelCnn, 'video-64-pixel-cnn-mixture'),
      curve('Row LSTM, 5 layers', paintOf.rowLstm, 'video-64-row-lstm-mixture'),
      curve('Diagonal BiLSTM, 5 layers', paintOf.diagonalBilstm, 'video-64-diagonal-bilstm-mixture'),
    ],
  });
}

/** The points of a file of docs/curves: thousands of images, and bits/dim times `factor`. */
function pointsOf(file: string, factor: number): (readonly [number, number])[] {
  return readCurve(curveFile(file)).map(({ images, bitsPerDim }) => [images / 1000, bitsPerDim * factor] as const);
}

/** The points of trainings of which each went on where the one before had ended, with the bits/dim of each file. */
function joined(files: readonly string[]): (readonly [number, number])[] {
  let shown = 0;
  return files.flatMap((file) => {
    const points = pointsOf(file, 1).map(([images, bits]) => [shown + images, bits] as const);
    shown = points[points.length - 1][0];
    return points;
  });
}

function curveFile(name: string): string {
  return join('docs', 'curves', `${name}.csv`);
}
