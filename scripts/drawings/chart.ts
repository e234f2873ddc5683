import { Drawing, type Paint, type Point } from './svg.js';

/** One end of an axis to the other, and the values that are written at it. */
export interface Axis {
  words: string;
  from: number;
  to: number;
  ticks: readonly number[];
}

export interface Line {
  name: string;
  paint: Paint;
  dashed?: boolean;
  /** x and y in the axes' units, from left to right. */
  points: readonly Point[];
}

export interface Chart {
  /** What a reader who cannot see the picture is told. */
  title: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
}

const [width, height] = [760, 380];
const [left, top, right, bottom] = [64, 44, 736, 330];

/** Lines over two axes, with their names above. Points above the upper end of the y axis are left out. */
export function drawChart({ title, x, y, lines }: Chart): string {
  const drawing = new Drawing(width, height, title);
  const acrossOf = (value: number) => left + ((value - x.from) / (x.to - x.from)) * (right - left);
  const downOf = (value: number) => bottom - ((value - y.from) / (y.to - y.from)) * (bottom - top);
  const small = { size: 11, paint: 'muted' } as const;
  for (const tick of y.ticks) {
    drawing.line({ paint: 'edge', thickness: 0.5 }, [left, downOf(tick)], [right, downOf(tick)]);
    drawing.text(left - 8, downOf(tick) + 4, String(tick), { ...small, anchor: 'end' });
  }
  for (const tick of x.ticks) {
    drawing.line({ paint: 'edge' }, [acrossOf(tick), bottom], [acrossOf(tick), bottom + 5]);
    drawing.text(acrossOf(tick), bottom + 18, String(tick), { ...small, anchor: 'middle' });
  }
  drawing.line({ paint: 'edge' }, [left, bottom], [right, bottom]);
  drawing.text((left + right) / 2, height - 14, x.words, { size: 12, paint: 'muted', anchor: 'middle' });
  drawing.text(24, 28, y.words, { size: 12, paint: 'muted' });
  for (const { paint, dashed = false, points } of lines) {
    const seen = points.filter(([, value]) => value <= y.to);
    drawing.line(
      { paint, dashed, thickness: 2 },
      ...seen.map(([across, down]): Point => [acrossOf(across), downOf(down)]),
    );
  }
  drawNames(drawing, lines);
  return drawing.toString();
}

/** The lines' names one under the other at the upper right, where falling curves leave room. */
function drawNames(drawing: Drawing, lines: readonly Line[]): void {
  for (const [index, { name, paint, dashed = false }] of lines.entries()) {
    const y = top + 16 + index * 20;
    drawing.line({ paint, dashed, thickness: 2 }, [right - 296, y - 4], [right - 268, y - 4]);
    drawing.text(right - 260, y, name, { size: 12 });
  }
}
