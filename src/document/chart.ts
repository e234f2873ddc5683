import { scaleLinear } from 'd3-scale';
import {
  area,
  line as lineOver,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolTriangle,
} from 'd3-shape';
import { formatClock } from '../foundation/format-clock.js';
import type { Size } from '../foundation/frame.js';
import { SvgDrawing, type Paint, type Point, type SvgOptions } from './svg.js';

/** Axis of a chart, with a label. */
export interface Axis {
  label: string;
  /** Value at the start of the axis. Default: the minimum of the data, on a y axis rounded down to a tick. */
  from?: number;
  /** Value at the end of the axis. Default: the maximum of the data, on a y axis rounded up to a tick. */
  to?: number;
  /** Format of tick labels: `seconds` as a clock time, `whole` for integers only. Default: decimal numbers. */
  unit?: 'seconds' | 'whole';
}

/** Line of a chart. */
export interface Line {
  name: string;
  /** Points (x, y) in the axes' units, from left to right. */
  points: readonly Point[];
  /** Index of the line's colour, dashes and point shape; related lines share a look. Default: the line's own index. */
  look?: number;
  /** Role of the line. `faint`: less important, thin and pale. `baseline`: gray and dotted. Default: `main`. */
  role?: 'main' | 'faint' | 'baseline';
}

/** Shaded band of a chart, from a low to a high value at each x. */
export interface Band {
  name: string;
  /** Points (x, low, high) in the axes' units, from left to right. */
  points: readonly (readonly [x: number, low: number, high: number])[];
  /** Value of `look` of the line that the band surrounds. Default: 0. */
  look?: number;
}

/** Vertical marker of a chart, which may link to an element of the page. */
export interface Mark {
  /** Position on the x axis, in the axis's unit. */
  x: number;
  /** Text of one or two characters at the marker's top. */
  label: string;
  /** Name of the link for screen readers. */
  name: string;
  /** HTML id of the element that the marker links to. Default: no link. */
  id?: string | undefined;
}

/** Named range of a chart's x axis, shaded from the bottom to the top. */
export interface Span {
  from: number;
  to: number;
  /** Name at the top of the range; omitted if the range is too narrow. */
  name: string;
  /** Colour of the range. */
  paint: Paint;
}

/** Line chart. Points beyond an end of the y axis are omitted. */
export interface Chart {
  title: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  bands?: readonly Band[];
  marks?: readonly Mark[];
  spans?: readonly Span[];
  /** Position on the x axis of a vertical line from the bottom to the top. Default: no line. */
  cursor?: number;
}

/** Looks that tell lines apart, also without colours: by dashes and by the shape of their points. */
const looks = [
  { paint: 'blueLine', shape: symbolCircle },
  { paint: 'orangeLine', dashes: '7 3', shape: symbolSquare },
  { paint: 'greenLine', dashes: '2 3', shape: symbolTriangle },
  { paint: 'purpleLine', dashes: '9 3 2 3', shape: symbolDiamond },
  { paint: 'redLine', dashes: '5 2', shape: symbolCross },
] as const satisfies { paint: Paint; dashes?: string; shape: unknown }[];

const LETTERS = 12;
/** Mean width of a letter as a fraction of its size; slightly too large, since readers' fonts differ. */
const LETTER = 0.55;
/** Pixels between points drawn with a shape; and maximum number of points of a single line drawn with shapes. */
const BETWEEN_SHAPES = 26;
const MAX_MARKED_POINTS = 40;
const LEFT = 52;
const RIGHT = 18;
const BOTTOM = 48;
const LEGEND_LINE = 19;

const widthOf = (text: string, size = LETTERS) => text.length * size * LETTER;

/**
 * Returns a chart as a complete SVG file. The legend adds to the height.
 * @param size size in pixels, including axes but not the legend
 */
export function drawChart(chart: Chart, size: Size, options?: SvgOptions): string {
  const total = size.height + legendOf(chart, size.width).rows * LEGEND_LINE;
  const drawing = new SvgDrawing(size.width, total, chart.title);
  plotChart(drawing, chart, size);
  return drawing.toString(options);
}

/** Draws a chart onto `drawing`, from the top left corner, of a size as in `drawChart`. */
export function plotChart(drawing: SvgDrawing, chart: Chart, { width, height }: Size): void {
  const { lines, bands = [], marks = [], spans = [], cursor } = chart;
  const { entries, columns, rows } = legendOf(chart, width);
  const top = 40 + rows * LEGEND_LINE;
  const total = height + rows * LEGEND_LINE;
  const right = width - RIGHT;
  const bottom = total - BOTTOM;

  const x = scaleLinear(domainOf(chart.x, [...lines.flatMap(columnOf(0)), ...marks.map(({ x }) => x)]), [LEFT, right]);
  const values = [
    ...lines.flatMap(columnOf(1)),
    ...bands.flatMap(({ points }) => points.flatMap(([, ...ends]) => ends)),
  ];
  const y = scaleLinear(domainOf(chart.y, values), [bottom, top]);
  const [low, high] = y.copy().nice(5).domain();
  y.domain([chart.y.from ?? low, chart.y.to ?? high]);
  const inside = (value: number) => value >= y.domain()[0] && value <= y.domain()[1];

  const small = { size: 11, paint: 'muted' } as const;
  for (const tick of y.ticks(Math.round((bottom - top) / 45))) {
    drawing.line({ paint: 'edge', thickness: 0.75 }, [LEFT, y(tick)], [right, y(tick)]);
    drawing.text(LEFT - 8, y(tick) + 4, tickText(chart.y, tick), { ...small, anchor: 'end' });
  }
  for (const tick of ticksOf(chart.x, x.domain(), Math.floor((right - LEFT) / 70))) {
    drawing.line({ paint: 'edge' }, [x(tick), bottom], [x(tick), bottom + 5]);
    drawing.text(x(tick), bottom + 18, tickText(chart.x, tick), { ...small, anchor: 'middle' });
  }
  drawing.line({ paint: 'edge' }, [LEFT, bottom], [right, bottom]);
  drawing.text((LEFT + right) / 2, total - 12, chart.x.label, { size: LETTERS, paint: 'muted', anchor: 'middle' });
  drawing.text(16, 26, chart.y.label, { size: LETTERS, paint: 'muted' });

  for (const { from, to, name, paint } of spans) {
    drawing.area(`M${x(from)} ${top}H${x(to)}V${bottom}H${x(from)}z`, paint, 0.12);
    const middle = (x(from) + x(to)) / 2;
    if (widthOf(name) < x(to) - x(from)) drawing.text(middle, top + 14, name, { ...small, anchor: 'middle' });
  }
  for (const { points, look = 0 } of bands) {
    const shaded = area<readonly [number, number, number]>(
      ([at]) => x(at),
      ([, low]) => y(low),
      ([, , high]) => y(high),
    );
    drawing.area(shaded.digits(1)([...points])!, lookOf(look).paint, 0.2);
  }
  for (const { x: at, label, name, id } of marks) {
    const draw = () => {
      drawing.area(`M${x(at) - 7} ${top}h14v${bottom - top}h-14z`, 'card', 0);
      drawing.line({ paint: 'redLine', thickness: 1, dashed: true }, [x(at), top], [x(at), bottom]);
      drawing.area(`M${x(at)} ${top + 3}l-5 -7h10z`, 'redLine');
      drawing.text(x(at), top - 8, label, { size: 11, anchor: 'middle', bold: true });
    };
    if (id === undefined) draw();
    else drawing.link(id, `${label}: ${name}`, draw);
  }
  for (const [index, line] of lines.entries()) {
    const look = lookAt(line, index);
    const points = atMostTwoAPixel(line.points, x).filter(([, value]) => inside(value));
    const path = lineOver<Point>(
      ([at]) => x(at),
      ([, value]) => y(value),
    ).digits(1)(points);
    if (path !== null) drawing.path(path, look.paint, look);
    const isAlone = lines.length === 1 && points.length > MAX_MARKED_POINTS;
    if (look.shape === null || isAlone) continue;
    const shape = symbol(look.shape, 36).digits(1)()!;
    let before = -Infinity;
    for (const [at, value] of points) {
      if (x(at) - before < BETWEEN_SHAPES) continue;
      before = x(at);
      drawing.shape(shape, [before, y(value)], look.paint);
    }
  }
  if (cursor !== undefined) drawing.line({ paint: 'text' }, [x(cursor), top], [x(cursor), bottom]);
  if (rows > 0) drawLegend(drawing, entries, columns, (right - LEFT) / columns);
}

/** Entry of a legend: a name and its symbol. */
interface Entry {
  name: string;
  draw: (drawing: SvgDrawing, left: number, middle: number) => void;
}

/**
 * Returns the entries of a chart's legend, and its numbers of columns and rows. Returns 0 rows if the y axis already
 * names the only line.
 */
function legendOf({ y, lines, bands = [] }: Chart, width: number): { entries: Entry[]; columns: number; rows: number } {
  const entries = [...lines.map(lineEntry), ...bands.map(bandEntry)];
  const column = 44 + Math.max(0, ...entries.map(({ name }) => widthOf(name)));
  const columns = Math.max(1, Math.floor((width - LEFT - RIGHT) / column));
  const isNamed = entries.length > 1 || y.label !== entries[0]?.name;
  return { entries, columns, rows: isNamed ? Math.ceil(entries.length / columns) : 0 };
}

function lineEntry(line: Line, index: number): Entry {
  const look = lookAt(line, index);
  return {
    name: line.name,
    draw: (drawing, left, middle) => {
      drawing.path(`M${left} ${middle}h28`, look.paint, look);
      if (look.shape !== null) drawing.shape(symbol(look.shape, 36).digits(1)()!, [left + 14, middle], look.paint);
    },
  };
}

function bandEntry({ name, look = 0 }: Band): Entry {
  const draw: Entry['draw'] = (drawing, left, middle) =>
    drawing.area(`M${left} ${middle - 6}h28v12h-28z`, lookOf(look).paint, 0.2);
  return { name, draw };
}

function drawLegend(drawing: SvgDrawing, entries: readonly Entry[], columns: number, width: number): void {
  for (const [index, { name, draw }] of entries.entries()) {
    const left = LEFT + (index % columns) * width;
    const y = 46 + Math.floor(index / columns) * LEGEND_LINE;
    draw(drawing, left, y - 4);
    drawing.text(left + 36, y, name, { size: LETTERS });
  }
}

function lookOf(index: number) {
  return { dashes: undefined, ...looks[index % looks.length] };
}

function lookAt({ look: asked, role = 'main' }: Line, index: number) {
  const look = lookOf(asked ?? index);
  if (role === 'baseline') return { ...look, paint: 'muted' as const, dashes: '1 4', thickness: 2, shape: null };
  return role === 'faint' ? { ...look, thickness: 1, opacity: 0.65, shape: null } : { ...look, thickness: 2 };
}

const columnOf =
  (column: 0 | 1) =>
  ({ points }: Line) =>
    points.map((point) => point[column]);

/** Returns the ends of an axis: those that the axis gives, else the minimum and maximum of `values`. */
function domainOf({ from, to }: Axis, values: readonly number[]): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values)
    if (Number.isFinite(value)) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const low = from ?? (least === Infinity ? 0 : least);
  const high = to ?? (most === -Infinity ? 1 : most);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Returns the ticks of an axis; for times, multiples of round numbers of seconds, minutes or hours. */
function ticksOf({ unit }: Axis, [from, to]: number[], count: number): number[] {
  if (unit === 'whole') return scaleLinear([from, to], [0, 1]).ticks(count).filter(Number.isInteger);
  if (unit !== 'seconds') return scaleLinear([from, to], [0, 1]).ticks(count);
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
  const step = steps.find((one) => (to - from) / one <= count) ?? (to - from) / count;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, k) => (first + k) * step);
}

function tickText({ unit }: Axis, tick: number): string {
  if (unit === 'seconds') return formatClock(tick).replace(/\.0$/, '');
  return String(Number(tick.toPrecision(6)));
}

/** Returns at most two points per pixel column: the lowest and the highest. */
function atMostTwoAPixel(points: readonly Point[], x: (value: number) => number): readonly Point[] {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  const kept: Point[] = [];
  for (let from = 0, to = 0; from < finite.length; from = to) {
    while (to < finite.length && Math.floor(x(finite[to][0])) === Math.floor(x(finite[from][0]))) to++;
    const here = finite.slice(from, to);
    const least = here.reduce((a, b) => (b[1] < a[1] ? b : a));
    const most = here.reduce((a, b) => (b[1] > a[1] ? b : a));
    const inOrder = least[0] <= most[0] ? [least, most] : [most, least];
    kept.push(...(least === most ? [least] : inOrder));
  }
  return kept;
}
