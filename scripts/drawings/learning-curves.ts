import { join } from 'node:path';
import { readCurve, type CurvePoint } from '../curve.js';
import { drawChart, type Line } from './chart.js';
import type { Paint, Point } from './svg.js';

/** The network that a line stands for has the same colour in every chart. */
const paintOf = { rowLstm: 'green', diagonalBilstm: 'red' } as const satisfies Record<string, Paint>;

const DIMENSIONS_OF_A_DIGIT = 28 * 28;

/** What the networks reach on CIFAR-10 by the time that they have learnt for. */
export function cifarCurves(): string {
  const line = (name: string, paint: Paint, file: string): Line => ({
    name,
    paint,
    points: points(file, ({ minutes, bitsPerDim }) => [minutes, bitsPerDim]),
  });
  return drawChart({
    title:
      'A chart of bits per dimension on held-out images of CIFAR-10 by minutes of training: a falling curve for each of two networks.',
    x: { words: 'minutes of training steps on one thread', from: 0, to: 62, ticks: [0, 10, 20, 30, 40, 50, 60] },
    y: { words: 'bits/dim', from: 3.4, to: 5.2, ticks: [3.4, 3.6, 3.8, 4, 4.2, 4.4, 4.6, 4.8, 5, 5.2] },
    lines: [
      line('Row LSTM, 6 layers, softmax', paintOf.rowLstm, 'cifar-row-lstm-6x64-softmax'),
      line('Diagonal BiLSTM, 6 layers, softmax', paintOf.diagonalBilstm, 'cifar-diagonal-bilstm-6x64-softmax'),
    ],
  });
}

/** What the networks reach on binarised digits by the number of digits that they have learnt from. */
export function binarizedMnistCurves(): string {
  const line = (name: string, paint: Paint, file: string): Line => ({
    name,
    paint,
    points: points(file, ({ images, bitsPerDim }) => [images / 1000, bitsPerDim * DIMENSIONS_OF_A_DIGIT * Math.LN2]),
  });
  return drawChart({
    title:
      'A chart of nats per image on held-out binarised digits by thousands of images learnt from: a falling curve for each of two networks.',
    x: { words: 'thousands of images learnt from', from: 0, to: 1300, ticks: [0, 200, 400, 600, 800, 1000, 1200] },
    y: { words: 'nats per image', from: 78, to: 92, ticks: [78, 80, 82, 84, 86, 88, 90, 92] },
    lines: [
      line('Diagonal BiLSTM, 7 layers, h = 16', paintOf.diagonalBilstm, 'mnist-diagonal-bilstm-7x16'),
      {
        ...line('Diagonal BiLSTM, 1 layer, h = 32', paintOf.diagonalBilstm, 'mnist-diagonal-bilstm-1x32'),
        dashed: true,
      },
    ],
  });
}

function points(file: string, place: (point: CurvePoint) => Point): Point[] {
  return readCurve(join('docs', 'curves', `${file}.csv`)).map(place);
}
