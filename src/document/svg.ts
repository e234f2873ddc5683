import { escapeHtml } from './markup.js';

/** Colours by name, each for a light and for a dark colour scheme. */
export type Palette = Readonly<Record<string, { light: string; dark: string }>>;

/** Colours of charts by role: card, text, edges and lines, each for a light and for a dark colour scheme. */
export const chartPaints = {
  card: { light: '#ffffff', dark: '#0d1117' },
  text: { light: '#1f2328', dark: '#e6edf3' },
  muted: { light: '#59636e', dark: '#9aa4af' },
  edge: { light: '#c8d0d8', dark: '#3a434d' },
  arrow: { light: '#59636e', dark: '#9aa4af' },
  /** Colours of lines: contrast of 3:1 to the card at least, and distinct also for red-green colour blindness. */
  blueLine: { light: '#0b62c4', dark: '#6cb2ff' },
  orangeLine: { light: '#a85400', dark: '#f2a65a' },
  greenLine: { light: '#1a7f5a', dark: '#56d3a0' },
  purpleLine: { light: '#8a3ffc', dark: '#be95ff' },
  redLine: { light: '#c02840', dark: '#ff8a98' },
} as const satisfies Palette;

/** Name of a colour of charts. */
export type Paint = keyof typeof chartPaints;

/** Font families, with fallbacks that readers have. */
const fonts = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** Options for the SVG file of a drawing. */
export interface SvgOptions {
  /**
   * Colours: of the reader's light or dark colour scheme; the dark ones; or none, for a page whose CSS has rules for
   * the classes of `chartPaints`. Default: `reader`.
   */
  colours?: 'reader' | 'dark' | 'none';
  /** Font family. Default: fonts that readers have. */
  font?: string;
}

/** Point (x, y). */
export type Point = readonly [number, number];

/** Options for drawing text. */
export interface TextSettings<P = Paint> {
  /** Font size in pixels. Default: 13. */
  size?: number;
  /** Name of the colour. Default: `text`. */
  paint?: P;
  /** Part of the text that lies at the given x: its start, middle or end. Default: `start`. */
  anchor?: 'start' | 'middle' | 'end';
  /** True for a bold font. Default: false. */
  bold?: boolean;
}

/** Options for drawing a line. */
export interface LineSettings<P = Paint> {
  /** Name of the colour. Default: `arrow`. */
  paint?: P;
  /** Width of the line in pixels. Default: 1.5. */
  thickness?: number;
  /** True for dashes of 4 pixels with gaps of 3. Default: false. */
  dashed?: boolean;
}

/** Options for drawing a path. */
export interface PathSettings {
  /** Lengths of dashes and gaps in pixels, as of `stroke-dasharray`. Default: a solid line. */
  dashes?: string | undefined;
  /** Width of the line in pixels. Default: 1.5. */
  thickness?: number;
  /** Opacity from 0 to 1. Default: 1. */
  opacity?: number;
}

/** SVG drawing on a card with a border; colours follow the reader's light or dark colour scheme. Lengths are pixels. */
export class SvgDrawing<P extends string = Paint> {
  protected readonly parts: string[] = [];
  private readonly used = new Set<string>();
  /** True if the drawing has links, and so is more than an image to screen readers. */
  private hasLinks = false;

  /**
   * @param width width of the card in pixels, with its border
   * @param height height of the card in pixels, with its border
   * @param title description for readers who cannot see the drawing
   * @param palette all colours of the drawing by name, in place of `chartPaints`: `card` and `edge` of the card and its
   *   border, the defaults `text` and `arrow`, and others. A colour that is not in `palette` has no CSS rule
   */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly title: string,
    private readonly palette: Palette = chartPaints,
  ) {}

  /** Draws a line of text, with the anchor at `x` and the baseline at `y`. */
  text(x: number, y: number, words: string, settings: TextSettings<P | Paint> = {}): void {
    const { size = 13, paint = 'text', anchor = 'start', bold = false } = settings;
    const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
    const attributes = `${anchored}${size === 13 ? '' : ` font-size="${size}"`}${bold ? ' font-weight="600"' : ''}`;
    this.parts.push(
      `<text x="${formatLength(x)}" y="${formatLength(y)}" class="${this.fill(paint)}"${attributes}>` +
        `${escapeHtml(words)}</text>`,
    );
  }

  /** Draws straight lines from point to point. */
  line({ paint = 'arrow', thickness = 1.5, dashed = false }: LineSettings<P | Paint>, ...points: readonly Point[]) {
    const path = points
      .map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${formatLength(x)} ${formatLength(y)}`)
      .join('');
    this.path(path, paint, { thickness, ...(dashed && { dashes: '4 3' }) });
  }

  /** Draws a line along an SVG path. @param path path data, as of the attribute `d` */
  path(path: string, paint: P | Paint, { dashes, thickness = 1.5, opacity = 1 }: PathSettings): void {
    const dashed = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`;
    const faint = opacity === 1 ? '' : ` opacity="${opacity}"`;
    this.parts.push(
      `<path class="none ${this.stroke(paint)}" stroke-width="${thickness}"${dashed}${faint} d="${path}"/>`,
    );
  }

  /**
   * Fills the inside of an SVG path whose origin is moved to a point.
   * @param path path data, as of the attribute `d`
   */
  shape(path: string, [x, y]: Point, paint: P | Paint): void {
    this.parts.push(
      `<path class="${this.fill(paint)}" transform="translate(${formatLength(x)} ${formatLength(y)})" d="${path}"/>`,
    );
  }

  /**
   * Fills the inside of an SVG path.
   * @param path path data, as of the attribute `d`
   * @param opacity from 0 to 1
   */
  area(path: string, paint: P | Paint, opacity = 1): void {
    const faint = opacity === 1 ? '' : ` fill-opacity="${opacity}"`;
    this.parts.push(`<path class="${this.fill(paint)}"${faint} d="${path}"/>`);
  }

  /**
   * Calls `draw`, and makes all that `draw` draws a link to the page's element with the HTML id `id`.
   * @param title label of the link
   */
  link(id: string, title: string, draw: () => void): void {
    this.hasLinks = true;
    this.parts.push(`<a href="#${escapeHtml(id)}" aria-label="${escapeHtml(title)}">`);
    draw();
    this.parts.push('</a>');
  }

  /** Returns the drawing as a complete SVG file. */
  toString({ colours = 'reader', font = fonts }: SvgOptions = {}): string {
    const { width, height, title } = this;
    const card =
      `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="${this.fill('card')} ` +
      `${this.stroke('edge')}"/>`;
    const dark = this.rules('dark');
    const ofReader = `${this.rules('light')}@media(prefers-color-scheme:dark){${dark}}`;
    const style = `<style>.none{fill:none}${colours === 'dark' ? dark : ofReader}</style>`;
    const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${font}" font-size="13" ` +
        `role="${this.hasLinks ? 'group' : 'img'}">`,
      `<title>${escapeHtml(title)}</title>`,
      ...(colours === 'none' ? [] : [style]),
      card,
      ...this.parts,
      '</svg>\n',
    ].join('\n');
  }

  /** Returns the CSS class that fills with a colour. */
  protected fill(paint: P | Paint): string {
    this.used.add(paint);
    return paint;
  }

  /** Returns the CSS class that draws lines in a colour. */
  protected stroke(paint: P | Paint): string {
    this.used.add(`${paint}-edge`);
    return `${paint}-edge`;
  }

  /** Returns the CSS rules of the classes in use, for one colour scheme. */
  private rules(scheme: 'light' | 'dark'): string {
    return Object.entries(this.palette)
      .flatMap(([paint, colours]) => [
        this.used.has(paint) ? `.${paint}{fill:${colours[scheme]}}` : '',
        this.used.has(`${paint}-edge`) ? `.${paint}-edge{stroke:${colours[scheme]}}` : '',
      ])
      .join('');
  }
}

/** Returns a length as text, rounded to a tenth of a pixel. */
export function formatLength(value: number): string {
  return String(Math.round(value * 10) / 10 + 0);
}
