import {
  chartPaints,
  formatLength,
  SvgDrawing,
  type LineSettings,
  type Palette,
  type Point,
} from '../../src/document/svg.js';

/** Colours of the documents' drawings, by name. */
const paints = {
  ...chartPaints,
  /** Pixel whose output is computed. */
  here: { light: '#1f2328', dark: '#f0f6fc' },
  /** Pixels inside the receptive field. */
  seen: { light: '#7fb2f5', dark: '#2f6fc4' },
  /** Earlier pixels in raster order that lie outside the receptive field. */
  lost: { light: '#f2a65a', dark: '#d98324' },
  /** Later pixels in raster order, or masked ones. */
  empty: { light: '#e9edf1', dark: '#21262d' },
  /** Pixels that a mask must hide. */
  wrong: { light: '#d1435b', dark: '#f0647a' },
  red: { light: '#e0707f', dark: '#c4485a' },
  green: { light: '#6dbb83', dark: '#3f9058' },
  blue: { light: '#6f9de8', dark: '#4474c9' },
  box: { light: '#f2f5f8', dark: '#1b2129' },
  /** Text and arrows on any of these colours. */
  onColour: { light: '#16202a', dark: '#ffffff' },
} as const satisfies Palette;

export type Paint = keyof typeof paints;

/** Rectangle: x, y, width and height. */
export type Box = readonly [number, number, number, number];

/** SVG drawing of the documents: adds boxes, arrows and legends to the lines and texts of charts. */
export class Drawing extends SvgDrawing<Paint> {
  constructor(width: number, height: number, title: string) {
    super(width, height, title, paints);
  }

  /** Draws filled boxes as one path. */
  boxes(paint: Paint, boxes: readonly Box[]): void {
    if (boxes.length === 0) return;
    const path = boxes.map(
      ([x, y, width, height]) =>
        `M${formatLength(x)} ${formatLength(y)}h${formatLength(width)}` +
        `v${formatLength(height)}h${formatLength(-width)}z`,
    );
    this.parts.push(`<path class="${this.fill(paint)}" d="${path.join('')}"/>`);
  }

  /** Draws a box with round corners and an edge. */
  roundBox([x, y, width, height]: Box, paint: Paint): void {
    const place = `${boxAttributes(x, y, width, height)} rx="5"`;
    this.parts.push(`<rect ${place} class="${this.fill(paint)} ${this.stroke('edge')}"/>`);
  }

  /** Draws the edge of a box. */
  outline([x, y, width, height]: Box, paint: Paint, thickness = 1.5): void {
    const place = boxAttributes(x, y, width, height);
    this.parts.push(`<rect ${place} class="none ${this.stroke(paint)}" stroke-width="${thickness}"/>`);
  }

  /** Runs `draw`, with all that it draws translated by (`right`, `down`). */
  moved([right, down]: Point, draw: () => void): void {
    this.parts.push(`<g transform="translate(${formatLength(right)} ${formatLength(down)})">`);
    draw();
    this.parts.push('</g>');
  }

  /** Draws a line with an arrowhead at its last point. */
  arrow(settings: LineSettings<Paint>, ...points: readonly Point[]): void {
    const { paint = 'arrow' } = settings;
    const [[fromX, fromY], [x, y]] = points.slice(-2);
    const length = Math.hypot(x - fromX, y - fromY);
    const dx = (x - fromX) / length;
    const dy = (y - fromY) / length;
    const back: Point = [x - 7 * dx, y - 7 * dy];
    this.line(settings, ...points.slice(0, -1), back);
    const corners = [
      [x, y],
      [back[0] - 3.5 * dy, back[1] + 3.5 * dx],
      [back[0] + 3.5 * dy, back[1] - 3.5 * dx],
    ];
    const path = corners.map(([cornerX, cornerY]) => `${formatLength(cornerX)} ${formatLength(cornerY)}`).join('L');
    this.parts.push(`<path class="${this.fill(paint)}" d="M${path}z"/>`);
  }

  /** Squares of colour with what they mean, from left to right. */
  legend(x: number, y: number, entries: readonly (readonly [Paint, string, number])[]): void {
    let left = x;
    for (const [paint, words, width] of entries) {
      this.boxes(paint, [[left, y - 10, 12, 12]]);
      this.text(left + 18, y, words, { size: 12, paint: 'muted' });
      left += width;
    }
  }
}

function boxAttributes(x: number, y: number, width: number, height: number): string {
  const lengths = Object.entries({ x, y, width, height });
  return lengths.map(([name, length]) => `${name}="${formatLength(length)}"`).join(' ');
}
