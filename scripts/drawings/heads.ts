import * as tf from '@tensorflow/tfjs-core';
import { getHead, type HeadDescription } from '../../src/model/heads/index.js';
import { Drawing, type Box } from './drawing.js';

const floor = 176;
const tallest = 116;

/** Draws the probability of each level that each head makes of some outputs. */
export function heads(): string {
  const levels = 32;
  const anchor = 12;
  const drawing = new Drawing(
    760,
    226,
    'Three bar charts of probabilities by level: a softmax of 32 levels, a sigmoid of two levels, and a ' +
      'mixture of two logistics of which the narrow one stands near the anchor.',
  );
  const logits = Array.from(
    { length: levels },
    (_, level) => 1.6 * Math.sin(level * 2.1) + 2.2 * Math.sin(level / 4.5),
  );
  drawChart(drawing, 24, 'softmax', 'one logit a level', { type: 'softmax' }, levels, logits, 0);
  drawChart(drawing, 300, 'sigmoid', 'one logit, of level 1', { type: 'sigmoid' }, 2, [0.9], 0);
  const mixture: HeadDescription = { type: 'logistic-mixture', components: 2, meanScale: 16 };
  // Two weight logits, two mean offsets, two log-scale offsets.
  const outputs = [0.4, 0, 0.05, 0.75, -1.1, -0.35];
  drawChart(drawing, 440, 'logistic-mixture', 'means start from the anchor', mixture, levels, outputs, anchor);
  const at = 440 + (anchor + 0.5) * 9 - 0.5;
  drawing.line({ paint: 'wrong', dashed: true }, [at, floor], [at, 52]);
  drawing.text(at - 6, 66, 'anchor', { anchor: 'end', size: 12, paint: 'wrong' });
  drawing.text(24, 212, 'Each bar is the probability of a level; those of a chart sum to one.', {
    size: 12,
    paint: 'muted',
  });
  return drawing.toString();
}

function drawChart(
  drawing: Drawing,
  x: number,
  title: string,
  words: string,
  description: HeadDescription,
  levels: number,
  outputs: readonly number[],
  anchor: number,
): void {
  const nats = tf.tidy(() => {
    const rows = tf.tile(tf.tensor2d([...outputs], [1, outputs.length]), [levels, 1]);
    const every = tf.tensor2d([...Array(levels).keys()], [levels, 1], 'int32');
    const anchors = tf.fill<tf.Rank.R2>([levels, 1], anchor);
    return getHead(description).nats(description, levels, rows, every, anchors).dataSync();
  });
  const probabilities = Array.from(nats, (one) => Math.exp(-one));
  const most = Math.max(...probabilities);
  const pitch = levels === 2 ? 40 : levels > 16 && x < 300 ? 8 : 9;
  const bars = probabilities.map((probability, level): Box => {
    const height = (tallest * probability) / most;
    return [x + level * pitch, floor - height, pitch - 1, height];
  });
  drawing.boxes('seen', bars);
  drawing.line({ paint: 'edge' }, [x - 2, floor + 0.5], [x + levels * pitch + 1, floor + 0.5]);
  drawing.text(x, 26, title, { bold: true });
  drawing.text(x, 42, words, { size: 12, paint: 'muted' });
  for (const level of [0, levels - 1])
    drawing.text(x + (level + 0.5) * pitch, floor + 16, String(level), { anchor: 'middle', size: 11, paint: 'muted' });
}
