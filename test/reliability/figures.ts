import { isThorough } from '../extent.js';

/** Prints a figure of docs/reliability.md; nothing under `npm test`. */
export function printFigure(line: string): void {
  if (isThorough) console.log(line);
}
