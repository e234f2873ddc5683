import { join } from 'node:path';
import { readCurve, type CurvePoint } from '../curve.js';
import { plotChart } from '../../src/document/chart.js';
import { Drawing } from './drawing.js';
import type { Point } from '../../src/document/svg.js';

/** Row of the drawing: a chart, its description and advice. */
const WIDTH = 660;
const ROW = 230;
const MARGIN = 10;
const CHART = { width: 360, height: 214 };
/** Maxima of the axes. */
const STEPS = 400;
const HIGHEST = 7;
const WORDS = { left: 386, top: 84, line: 20 };

interface Training {
  name: string;
  /** Of docs/curves. */
  file: string;
  /** Description of the curves, and advice, in lines that fit. */
  words: readonly string[];
}

/**
 * Trainings of 400 steps, 29 November 2026, on clips of recipes/clips.tsv; that with the high rate was interrupted:
 *
 *     pxv train --frames CLIPS --validate playground.mp4 tractor.mp4 --size 16x16 --hidden 16 --layers 2 --context 2 \
 *       --threads 1 --steps 400
 *
 * CLIPS: autumn_tree, bubble_kid, dancing, dandelion, fingers, gloves, swing_kid, truck; of the last gym_acrobot,
 * gym_cart_pole.
 */
const shown: readonly Training[] = [
  { name: 'Goes well', file: 'training-good', words: ['Both fall, side by side.', 'Let it go on.'] },
  {
    name: '--learning-rate 0.2',
    file: 'training-too-fast',
    words: ['Both rise and jump:', 'the rate is too high.', 'Take a tenth of it.'],
  },
  {
    name: 'Two clips',
    file: 'training-two-clips',
    words: ['Training is low, validation', 'stays far above it. Take more', 'clips, or --from video-64.'],
  },
];

/** Trainings of one small network that go well and badly: what they cost on the way, and on clips held out. */
export function trainings(): string {
  const title =
    'Three charts of bits per dimension by steps, in training and in validation. Where a training goes well ' +
    'both fall. Where the rate is too high both rise and jump. Where there are two clips training falls, and ' +
    'validation stays high.';
  const drawing = new Drawing(WIDTH, ROW * shown.length + 2 * MARGIN, title);
  for (const [row, { name, file, words }] of shown.entries()) {
    const points = readCurve(join('docs', 'curves', `${file}.csv`));
    const line = (of: 'training' | 'bitsPerDim') => points.map((point: CurvePoint): Point => [point.step, point[of]]);
    drawing.moved([0, MARGIN + row * ROW], () => {
      const lines = [
        { name: 'training', points: line('training') },
        { name: 'validation', points: line('bitsPerDim') },
      ];
      plotChart(
        drawing,
        {
          title: name,
          x: { label: 'steps', from: 0, to: STEPS },
          y: { label: 'bits/dim', from: 0, to: HIGHEST },
          lines,
        },
        CHART,
      );
      drawing.text(WORDS.left, WORDS.top, name, { size: 15, bold: true });
      for (const [at, text] of words.entries())
        drawing.text(WORDS.left, WORDS.top + 28 + at * WORDS.line, text, { size: 14, paint: 'muted' });
    });
  }
  return drawing.toString();
}
