import { escaped } from './markup.js';

/** What a shape or a text stands for: its colour on a light and on a dark card. */
const paints = {
  card: { light: '#ffffff', dark: '#0d1117' },
  text: { light: '#1f2328', dark: '#e6edf3' },
  muted: { light: '#59636e', dark: '#9aa4af' },
  /** A pixel that is computed. */
  here: { light: '#1f2328', dark: '#f0f6fc' },
  /** What reaches it. */
  seen: { light: '#7fb2f5', dark: '#2f6fc4' },
  /** What comes before it in raster order, and does not reach it. */
  lost: { light: '#f2a65a', dark: '#d98324' },
  /** What comes later, or is masked. */
  empty: { light: '#e9edf1', dark: '#21262d' },
  /** What must not be seen. */
  wrong: { light: '#d1435b', dark: '#f0647a' },
  red: { light: '#e0707f', dark: '#c4485a' },
  green: { light: '#6dbb83', dark: '#3f9058' },
  blue: { light: '#6f9de8', dark: '#4474c9' },
  box: { light: '#f2f5f8', dark: '#1b2129' },
  edge: { light: '#c8d0d8', dark: '#3a434d' },
  arrow: { light: '#59636e', dark: '#9aa4af' },
  /** Words and arrows on any of the colours. */
  onColour: { light: '#16202a', dark: '#ffffff' },
  /** Lines of charts: three times as light or dark as the card at least, and apart also for who sees no red or green. */
  blueLine: { light: '#0b62c4', dark: '#6cb2ff' },
  orangeLine: { light: '#a85400', dark: '#f2a65a' },
  greenLine: { light: '#1a7f5a', dark: '#56d3a0' },
  purpleLine: { light: '#8a3ffc', dark: '#be95ff' },
  redLine: { light: '#c02840', dark: '#ff8a98' },
} as const;

export type Paint = keyof typeof paints;

/** Fonts that readers have. */
const fonts = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** x, y, width, height. */
export type Box = readonly [number, number, number, number];

export type Point = readonly [number, number];

export interface TextSettings {
  size?: number;
  paint?: Paint;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
}

export interface LineSettings {
  paint?: Paint;
  thickness?: number;
  dashed?: boolean;
}

export interface PathSettings {
  /** Lengths of dashes and of the gaps between them. */
  dashes?: string | undefined;
  thickness?: number;
  opacity?: number;
}

/** An SVG picture on a card of its own, light or dark as the reader's screen is. Lengths are pixels. */
export class Drawing {
  private readonly parts: string[] = [];
  private readonly used = new Set<string>();
  /** Whether it leads anywhere: then it is more than an image. */
  private hasLinks = false;

  /** @param title what a reader who cannot see the picture is told */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly title: string,
  ) {}

  text(x: number, y: number, words: string, settings: TextSettings = {}): void {
    const { size = 13, paint = 'text', anchor = 'start', bold = false } = settings;
    const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
    const attributes = `${anchored}${size === 13 ? '' : ` font-size="${size}"`}${bold ? ' font-weight="600"' : ''}`;
    this.parts.push(
      `<text x="${short(x)}" y="${short(y)}" class="${this.fill(paint)}"${attributes}>${escaped(words)}</text>`,
    );
  }

  /** Filled boxes, all in one path. */
  boxes(paint: Paint, boxes: readonly Box[]): void {
    if (boxes.length === 0) return;
    const path = boxes.map(
      ([x, y, width, height]) => `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}z`,
    );
    this.parts.push(`<path class="${this.fill(paint)}" d="${path.join('')}"/>`);
  }

  /** A box with round corners and an edge. */
  roundBox([x, y, width, height]: Box, paint: Paint): void {
    const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" rx="5"`;
    this.parts.push(`<rect ${place} class="${this.fill(paint)} ${this.stroke('edge')}"/>`);
  }

  /** The edge of a box alone. */
  outline([x, y, width, height]: Box, paint: Paint, thickness = 1.5): void {
    const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.parts.push(`<rect ${place} class="none ${this.stroke(paint)}" stroke-width="${thickness}"/>`);
  }

  /** A line from point to point. */
  line({ paint = 'arrow', thickness = 1.5, dashed = false }: LineSettings, ...points: readonly Point[]): void {
    const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('');
    this.path(path, paint, { thickness, ...(dashed && { dashes: '4 3' }) });
  }

  /** A line along a path. */
  path(path: string, paint: Paint, { dashes, thickness = 1.5, opacity = 1 }: PathSettings): void {
    const dashed = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`;
    const faint = opacity === 1 ? '' : ` opacity="${opacity}"`;
    this.parts.push(
      `<path class="none ${this.stroke(paint)}" stroke-width="${thickness}"${dashed}${faint} d="${path}"/>`,
    );
  }

  /** What a path about the origin goes around, moved to a place. */
  shape(path: string, [x, y]: Point, paint: Paint): void {
    this.parts.push(`<path class="${this.fill(paint)}" transform="translate(${short(x)} ${short(y)})" d="${path}"/>`);
  }

  /** What a path goes around. */
  area(path: string, paint: Paint, opacity = 1): void {
    const faint = opacity === 1 ? '' : ` fill-opacity="${opacity}"`;
    this.parts.push(`<path class="${this.fill(paint)}"${faint} d="${path}"/>`);
  }

  /** What is drawn meanwhile leads to a place of the page. */
  link(id: string, title: string, draw: () => void): void {
    this.hasLinks = true;
    this.parts.push(`<a href="#${escaped(id)}" aria-label="${escaped(title)}">`);
    draw();
    this.parts.push('</a>');
  }

  /** What is drawn meanwhile stands to the right of its place, and below it. */
  moved([right, down]: Point, draw: () => void): void {
    this.parts.push(`<g transform="translate(${short(right)} ${short(down)})">`);
    draw();
    this.parts.push('</g>');
  }

  /** A line that ends in a head at its last point. */
  arrow(settings: LineSettings, ...points: readonly Point[]): void {
    const { paint = 'arrow' } = settings;
    const [[fromX, fromY], [x, y]] = points.slice(-2);
    const length = Math.hypot(x - fromX, y - fromY);
    const [dx, dy] = [(x - fromX) / length, (y - fromY) / length];
    const back: Point = [x - 7 * dx, y - 7 * dy];
    this.line(settings, ...points.slice(0, -1), back);
    const corners = [
      [x, y],
      [back[0] - 3.5 * dy, back[1] + 3.5 * dx],
      [back[0] + 3.5 * dy, back[1] - 3.5 * dx],
    ];
    const path = corners.map(([cornerX, cornerY]) => `${short(cornerX)} ${short(cornerY)}`).join('L');
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

  toString(): string {
    const { width, height, title } = this;
    const card = `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="${this.fill('card')} ${this.stroke('edge')}"/>`;
    const style = `.none{fill:none}${this.rules('light')}@media(prefers-color-scheme:dark){${this.rules('dark')}}`;
    const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${fonts}" font-size="13" role="${this.hasLinks ? 'group' : 'img'}">`,
      `<title>${escaped(title)}</title>`,
      `<style>${style}</style>`,
      card,
      ...this.parts,
      '</svg>\n',
    ].join('\n');
  }

  private fill(paint: Paint): string {
    this.used.add(paint);
    return paint;
  }

  private stroke(paint: Paint): string {
    this.used.add(`${paint}-edge`);
    return `${paint}-edge`;
  }

  /** The rules of the classes that are used, of one scheme. */
  private rules(scheme: 'light' | 'dark'): string {
    return (Object.keys(paints) as Paint[])
      .flatMap((paint) => [
        this.used.has(paint) ? `.${paint}{fill:${paints[paint][scheme]}}` : '',
        this.used.has(`${paint}-edge`) ? `.${paint}-edge{stroke:${paints[paint][scheme]}}` : '',
      ])
      .join('');
  }
}

/** A tenth of a pixel is enough. */
function short(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}
