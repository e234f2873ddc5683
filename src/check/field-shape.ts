import { frameBytes } from '../foundation/levels.js';
import type { ReceptiveFields } from './receptive-fields.js';
import { formatSubPixel, locateSubPixel } from './sub-pixels.js';

/**
 * Describes the shape of receptive fields in one line: the earlier sub-pixels that the output at (y, x) sees or lacks.
 * The description is exact, or a percentage and an example if the shape is irregular. Some shapes have a name:
 *
 * - `a triangle`: all rows above, which widen to both sides with the distance from row y.
 * - `a blind spot`: rows above that widen to the right alone, which leaves a wedge to the right unseen.
 * - `a box`: rows above that are all equally wide.
 */
export function describeFieldShape(fields: ReceptiveFields): string {
  return missingPixel(fields) ?? stretches(fields) ?? anExample(fields);
}

/**
 * Returns the first pair of an output and an earlier sub-pixel for which `isFound` is true. Returns null if there is
 * none.
 */
function findPair(fields: ReceptiveFields, isFound: (input: number, output: number, isSeen: boolean) => boolean) {
  const count = frameBytes(fields);
  for (let output = 0; output < count; output++)
    for (let input = 0; input < output; input++)
      if (isFound(input, output, fields.reaches(input, output))) return { input, output };
  return null;
}

/**
 * Describes fields of all earlier sub-pixels, or all but one pixel or some of its channels. The missing pixel is always
 * in the same column, as many rows up. Returns null for other fields.
 */
function missingPixel(fields: ReceptiveFields): string | null {
  const { width, height } = fields.size;
  const first = findPair(fields, (_input, _output, isSeen) => !isSeen);
  if (first === null) return 'all earlier sub-pixels';
  const [row, column] = locateSubPixel(fields, first.input);
  const rowsUp = locateSubPixel(fields, first.output)[0] - row;
  const colours = new Set<number>();
  let pairs = 0;
  let lastColumn = 0;
  const elsewhere = findPair(fields, (input, output, isSeen) => {
    if (isSeen) return false;
    const [missingRow, missingColumn, colour] = locateSubPixel(fields, input);
    const [y, x] = locateSubPixel(fields, output);
    if (y - missingRow !== rowsUp || missingColumn !== column) return true;
    colours.add(colour);
    pairs++;
    lastColumn = Math.max(lastColumn, x);
    return false;
  });
  // All outputs up to the last column must lack the pixel, or the description is false.
  const outputs = (height - rowsUp) * (lastColumn + 1) * fields.channels;
  if (elsewhere !== null || rowsUp === 0 || pairs !== outputs * colours.size) return null;
  const names = [...colours].map((colour) => 'RGB'[colour]).join(' and ');
  const part = colours.size === fields.channels ? '' : `${names} of `;
  const pixel = `(y - ${rowsUp}, W - ${width - column})`;
  return `all earlier sub-pixels but ${part}pixel ${pixel}, which (y, x) lacks for x < W - ${width - 1 - lastColumn}`;
}

/** Extent of one side of a field from x in the row k rows up: min(start + slope k, most) columns. */
interface Side {
  start: number;
  slope: number;
  most: number;
}

/**
 * Describes fields of one run of whole pixels per row, of the same extent from every x but for the image's edges.
 * Returns null for other fields.
 */
function stretches(fields: ReceptiveFields): string | null {
  const { height, width } = fields.size;
  const places = Array.from({ length: frameBytes(fields) }, (_, at) => locateSubPixel(fields, at));
  const rowsUp = (input: number, output: number) => places[output][0] - places[input][0];
  const columnsRight = (input: number, output: number) => places[input][1] - places[output][1];
  const first = new Array<number>(height).fill(Infinity);
  const last = new Array<number>(height).fill(-Infinity);
  findPair(fields, (input, output, isSeen) => {
    if (!isSeen) return false;
    const k = rowsUp(input, output);
    const dx = columnsRight(input, output);
    first[k] = Math.min(first[k], dx);
    last[k] = Math.max(last[k], dx);
    return false;
  });
  const inexact = findPair(fields, (input, output, isSeen) => {
    const k = rowsUp(input, output);
    const dx = columnsRight(input, output);
    return isSeen !== (dx >= first[k] && dx <= last[k]);
  });
  const rows = first.filter((dx) => dx < Infinity).length;
  if (inexact !== null || rows < 2 || first[rows - 1] === Infinity) return null;
  const columnsLeft = first.slice(0, rows).map((dx) => -dx);
  const left = sideOf(columnsLeft, 0, width);
  const right = sideOf(last.slice(1, rows), 1, width);
  if (left === null || right === null) return null;
  const upTo = rows === height ? 'all rows above' : `k = 1 to ${rows - 1}`;
  const from = left.start === Infinity ? '0' : `x - ${left.start}`;
  const name = shapeName(left, right, rows === height);
  return (
    `${name}of row y - k, ${upTo}, columns ${edge(left, '-')} to ${edge(right, '+')}; of row y, from column ` +
    `${from} on`
  );
}

/**
 * Returns the side with the given numbers of columns in rows `firstRow`, `firstRow` + 1, ... up. Returns null if they
 * have no such form. Counts at the image's width are lower bounds.
 */
function sideOf(columns: readonly number[], firstRow: number, width: number): Side | null {
  const clip = width - 1;
  if (columns[0] >= clip) return { start: Infinity, slope: 0, most: Infinity };
  const slope = columns.length === 1 ? 0 : columns[1] - columns[0];
  const start = columns[0] - slope * firstRow;
  const largest = Math.max(...columns);
  const isCapped = largest < clip && start + slope * (firstRow + columns.length - 1) > largest;
  const most = isCapped ? largest : Infinity;
  const fits = columns.every((seen, index) => Math.min(start + slope * (index + firstRow), most, clip) === seen);
  return slope >= 0 && fits ? { start, slope, most } : null;
}

/** Returns the name of a shape with a colon; empty if the shape has no name. */
function shapeName(left: Side, right: Side, allRows: boolean): string {
  if (right.slope === 0) return left.slope === 0 ? 'a box: ' : '';
  if (left.slope === 0) return 'a blind spot: ';
  return allRows ? 'a triangle: ' : '';
}

/** Formats a side, such as `x + min(k + 2, 8)`. */
function edge({ start, slope, most }: Side, sign: '-' | '+'): string {
  if (start === Infinity) return sign === '-' ? '0' : 'W - 1';
  if (slope === 0) return `x ${sign} ${start}`;
  const grown = `${slope === 1 ? '' : `${slope} `}k + ${start}`;
  return most === Infinity ? `x ${sign} (${grown})` : `x ${sign} min(${grown}, ${most})`;
}

/** Describes irregular fields: the percentage of earlier sub-pixels seen, and a pair that is not seen. */
function anExample(fields: ReceptiveFields): string {
  const count = frameBytes(fields);
  let seen = 0;
  findPair(fields, (_input, _output, isSeen) => {
    if (isSeen) seen++;
    return false;
  });
  const { input, output } = findPair(fields, (_input, _output, isSeen) => !isSeen)!;
  const name = (subPixel: number) => formatSubPixel(fields, subPixel);
  const share = ((200 * seen) / (count * (count - 1))).toFixed(1);
  return `${share}% of the earlier sub-pixels; ${name(output)} does not see ${name(input)}`;
}
