import { formatClock } from '../../foundation/format-clock.js';
import type { Frame } from '../../foundation/frame.js';
import type { AnomalyEvent } from '../../anomaly/event-detector.js';
import { drawChart, type Chart } from '../../document/chart.js';
import { background, Canvas, fitTextSize, predicted, rasterizeSvg, scaleBox, SVG_FONT } from '../../video/index.js';
import type { TimelineRow } from './search-checkpoint.js';

/** Event with its frame, whose size all events share. */
interface PicturedEvent extends AnomalyEvent {
  picture: Frame;
}

/** Widths and heights, in pixels. */
const WIDTH = 1200;
const MARGIN = 16;
const CHART = { width: WIDTH - 2 * MARGIN, height: 210 };
const LETTERS = 15;
const PICTURE = 150;

/**
 * Draws the timeline of a search: charts of scores and bits/dim one below the other, and above them the frames of
 * events, numbered as in the charts.
 * @param rows timeline rows of all scored frames, at least one
 * @param events events in order of time; later ones are omitted if the frames do not fit
 * @param rate frames per second
 */
export async function drawTimeline(
  rows: readonly TimelineRow[],
  events: readonly PicturedEvent[],
  rate: number,
): Promise<Frame> {
  const { width: ownWidth, height: ownHeight } = events[0]?.picture ?? { width: 0, height: 0 };
  const scale = Math.max(1, Math.round(PICTURE / ownHeight));
  const [width, height] = events.length === 0 ? [0, 0] : [scale * ownWidth, scale * ownHeight];
  const shown = events.slice(0, Math.max(1, Math.floor((WIDTH - MARGIN) / (width + MARGIN))));
  const top = MARGIN + (shown.length === 0 ? 0 : height + 2 * LETTERS + MARGIN);
  const canvas = new Canvas(WIDTH, top + 2 * (CHART.height + MARGIN), 3, background);
  for (const [index, { picture, box, peak, score }] of shown.entries()) {
    // Centred in an equal part of the width.
    const x = Math.round(((index + 0.5) * WIDTH) / shown.length - width / 2);
    canvas.paste(picture, x, MARGIN, scale);
    canvas.outline(scaleBox(box, x, MARGIN, scale), 2, predicted);
    const label = `${index + 1}:  ${formatClock(peak / rate)}  score ${score.toFixed(1)}`;
    const letters = fitTextSize(label, LETTERS, Math.max(width, WIDTH / shown.length - MARGIN));
    await canvas.write(label, x, MARGIN + height, letters, predicted);
  }
  const marks = shown.map(({ peak }, index) => ({ x: peak / rate, label: `${index + 1}`, name: 'event' }));
  const chartOf = (name: string, valueOf: (row: TimelineRow) => number): Chart => {
    const points = rows.map((row) => [row.frame / rate, valueOf(row)] as const);
    const x = { label: 'time', unit: 'seconds' } as const;
    return { title: name, x, y: { label: name, from: 0 }, lines: [{ name, points }], marks };
  };
  const charts = [chartOf('anomaly score', ({ score }) => Math.max(0, score)), chartOf('bits/dim', ({ bits }) => bits)];
  for (const [index, chart] of charts.entries()) {
    const drawn = await rasterizeSvg(drawChart(chart, CHART, { colours: 'dark', font: SVG_FONT }), background);
    canvas.paste(drawn, MARGIN, top + index * (CHART.height + MARGIN), 1);
  }
  return canvas;
}
