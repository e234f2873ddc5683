import type { Frame } from '../foundation/frame.js';
import { Canvas, type Colour } from './canvas.js';
import { background, known, panelLabels, panelShape, predicted, type TimeStep } from './panels.js';
import { chooseFittingText, SMALLEST_TEXT, textHeight, textWidth } from './text.js';

/** Maximum number of known frames on a prediction sheet: the last ones. */
export const MAX_KNOWN_FRAMES = 4;

/** Maximum number of predicted frames per row; more continue in further rows. */
const MAX_COLUMNS = 12;

const border = 2;

/**
 * Draws a contact sheet of a prediction: on the left the last 4 known frames, then a line, then one row of predicted
 * frames per panel. More than 12 predicted frames continue in further rows. Labels name the panels, and frame numbers
 * stand above.
 * @param steps in order; at least one of them predicted
 * @param scale output pixels per pixel of a frame
 */
export async function drawPredictionSheet(steps: readonly TimeStep[], scale: number): Promise<Frame> {
  const before = steps.filter((step) => !step.predicted).slice(-MAX_KNOWN_FRAMES);
  const after = steps.filter((step) => step.predicted);
  const { panels } = steps[steps.length - 1];
  const frame = panelShape(panels);
  const width = frame.width * scale + 2 * border;
  const height = frame.height * scale + 2 * border;
  const letters = Math.min(Math.max(Math.round(4 + width / 14), SMALLEST_TEXT), 18);
  const gap = Math.max(2, Math.round(width / 24));
  const line = textHeight(letters) + 2;
  const blocks = Math.ceil(after.length / MAX_COLUMNS);
  const columns = Math.ceil(after.length / blocks);
  const labels = Math.max(...panels.map(({ label }) => textWidth(label, letters))) + gap;
  const markAt = gap + before.length * (width + gap);
  const labelsAt = markAt + 3 * gap;
  const cellsAt = labelsAt + labels;
  const blockHeight = line + panels.length * (height + gap);
  const total = { width: cellsAt + columns * (width + gap), height: line + blocks * blockHeight };
  const canvas = new Canvas(total.width, total.height, 3, background);

  const write = async (texts: string[], x: number, y: number, room: number, colour: Colour) => {
    const text = chooseFittingText(texts, letters, room);
    if (text !== null) await canvas.write(text, x, y + 1, letters, colour);
  };
  const cell = (shown: Frame, x: number, y: number, colour: Colour) => {
    canvas.fill({ x, y, width, height }, colour);
    canvas.paste(shown, x + border, y + border, scale);
  };
  const number = ({ index }: TimeStep, x: number, y: number) =>
    write([`frame ${index}`, String(index)], x, y, width, known);

  if (before.length > 0) await write(['known'], gap, 0, markAt - gap, known);
  await write(['prediction begins', 'predicted'], labelsAt, 0, total.width - labelsAt, predicted);
  canvas.fill({ x: markAt + gap - 1, y: 0, width: Math.max(2, gap - 1), height: total.height - gap }, predicted);

  for (const [index, step] of before.entries()) {
    const x = gap + index * (width + gap);
    await number(step, x, line);
    const [shown] = step.panels;
    if (shown.frame !== null) cell(shown.frame, x, 2 * line, known);
  }
  for (const [index, step] of after.entries()) {
    const top = line + Math.floor(index / columns) * blockHeight;
    const x = cellsAt + (index % columns) * (width + gap);
    await number(step, x, top);
    for (const [row, panel] of step.panels.entries()) {
      if (panel.frame === null) continue;
      const y = top + line + row * (height + gap);
      const colour = panel.predicted ? predicted : known;
      if (index % columns === 0)
        await write(panelLabels(panel), labelsAt, y + Math.round((height - line) / 2), labels, colour);
      cell(panel.frame, x, y, colour);
    }
  }
  return canvas;
}
