import { formatClock } from '../foundation/format-clock.js';
import type { Box, Frame } from '../foundation/frame.js';
import { Canvas, type Colour } from './canvas.js';
import { background, known, predicted } from './panels.js';
import { scaleBox } from './surprise-frame.js';
import { fitTextSize, textHeight, textWidth } from './text.js';

/** Curve of a timeline over the frames of a clip or stream. */
export interface Curve {
  /** One value per frame; NaN if a frame has none. */
  values: ArrayLike<number>;
  label: string;
}

/** Event on a timeline, with its frame. */
export interface TimelineEvent {
  /** Index of the frame at which the event is marked. */
  frame: number;
  /** Image of the event; the same size for all events. */
  picture: Frame;
  /** Region with a high anomaly score, in pixels of `picture`. */
  box: Box;
  /** Text beside the image. */
  label: string;
}

/** Widths and heights, in pixels. */
const WIDTH = 1200;
const MARGIN = 16;
const CURVE = 110;
const LETTERS = 15;
const PICTURE = 150;

const faint: Colour = [90, 90, 96];

/**
 * Draws a timeline: curves one below the other, and above them the images of events, each joined by a line to its time.
 * Each curve is scaled to its own maximum; values below 0 are drawn as 0.
 * @param events events in order of time; later ones are omitted if the images do not fit
 * @param seconds time of the first frame, and duration of each frame, in seconds
 */
export async function drawTimeline(
  curves: readonly Curve[],
  events: readonly TimelineEvent[],
  seconds: { first: number; frame: number },
): Promise<Frame> {
  const line = textHeight(LETTERS);
  const scale = events.length === 0 ? 1 : Math.max(1, Math.round(PICTURE / events[0].picture.height));
  const [wide, high] =
    events.length === 0 ? [0, 0] : [events[0].picture.width, events[0].picture.height].map((side) => scale * side);
  const shown = events.slice(0, Math.max(1, Math.floor((WIDTH - MARGIN) / (wide + MARGIN))));
  const top = MARGIN + (shown.length === 0 ? 0 : high + line + 2 * MARGIN);
  const height = top + curves.length * (line + CURVE + MARGIN) + line + MARGIN;
  const canvas = new Canvas(WIDTH, height, 3, background);
  const frames = Math.max(...curves.map(({ values }) => values.length), 1);
  const plot = { x: MARGIN, width: WIDTH - 2 * MARGIN };
  const at = (frame: number) => plot.x + Math.floor((frame / frames) * plot.width);

  for (const [index, event] of shown.entries()) {
    // Centred in an equal part of the width.
    const x = Math.round(((index + 0.5) * WIDTH) / shown.length - wide / 2);
    canvas.paste(event.picture, x, MARGIN, scale);
    canvas.outline(scaleBox(event.box, x, MARGIN, scale), 2, predicted);
    const letters = fitTextSize(event.label, LETTERS, Math.max(wide, WIDTH / shown.length - MARGIN));
    await canvas.write(event.label, x, MARGIN + high, letters, predicted);
    drawLine(canvas, [x + wide / 2, MARGIN + high + line], [at(event.frame), top], predicted);
    canvas.fill({ x: at(event.frame), y: top, width: 1, height: height - top - line - MARGIN }, faint);
  }
  for (const [index, { values, label }] of curves.entries()) {
    const y = top + index * (line + CURVE + MARGIN);
    const most = largest(values);
    await canvas.write(`${label}, up to ${most.toPrecision(3)}`, plot.x, y, LETTERS, known);
    const bottom = y + line + CURVE;
    for (let x = 0; x < plot.width; x++) {
      const [first, end] = [x, x + 1].map((place) => Math.floor((place / plot.width) * frames));
      const peak = largest(Array.from({ length: Math.max(1, end - first) }, (_, k) => values[first + k]));
      const tall = most > 0 ? Math.round((Math.max(0, peak) / most) * CURVE) : 0;
      canvas.fill({ x: plot.x + x, y: bottom - tall, width: 1, height: tall }, index === 0 ? predicted : known);
    }
    canvas.fill({ x: plot.x, y: bottom, width: plot.width, height: 1 }, faint);
  }
  const y = height - line - MARGIN / 2;
  await canvas.write(formatClock(seconds.first), plot.x, y, LETTERS, known);
  const end = formatClock(seconds.first + frames * seconds.frame);
  await canvas.write(end, plot.x + plot.width - textWidth(end, LETTERS), y, LETTERS, known);
  return canvas;
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

function drawLine(canvas: Canvas, [x0, y0]: number[], [x1, y1]: number[], colour: Colour): void {
  const steps = Math.max(1, Math.abs(Math.round(x1 - x0)), Math.abs(Math.round(y1 - y0)));
  for (let step = 0; step <= steps; step++) {
    const x = Math.round(x0 + ((x1 - x0) * step) / steps);
    const y = Math.round(y0 + ((y1 - y0) * step) / steps);
    canvas.fill({ x, y, width: 1, height: 1 }, colour);
  }
}
