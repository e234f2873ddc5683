import { toPixels } from '../src/browser/canvas-pixels.js';
import type { Box, Frame } from '../src/foundation/frame.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { drawHeatMap } from '../src/video/heat-map.js';
import { percent } from './progress.js';
import { AHEAD, type Session } from './session.js';

/** Content of a panel. The kind of image sets the panel's border, mark and words. */
interface Shown {
  kind: 'known' | 'predicted' | 'true' | 'map';
  /** Frame to show; null if there is none yet, and `words` say why. */
  frame: Frame | null;
  words: string;
}

const names = ['truth', 'guess', 'draw', 'map'] as const;

/** Value shown as white in a heat map, as a multiple of a pixel's mean cost. */
export const WHITE = 4;

/** Panels of one frame, side by side: truth, best guess, sample and heat map. */
export class Panels {
  private readonly root = document.querySelector<HTMLElement>('#panels')!;
  private readonly figures = names.map((name) => document.querySelector<HTMLElement>(`[data-panel=${name}]`)!);

  /**
   * Shows frame `index` in all panels.
   * @param box region that is outlined in the truth and the heat map; null for none
   */
  show(session: Session, index: number, box: Box | null): void {
    const { width, height } = session.frames[0];
    this.root.style.setProperty('--aspect', String(width / height));
    const shown = [truthAt(session, index), guessAt(session, index), drawAt(session, index), mapAt(session, index)];
    shown.forEach((of, at) => this.showIn(this.figures[at], of, of.kind === 'true' || of.kind === 'map' ? box : null));
  }

  private showIn(figure: HTMLElement, { kind, frame, words }: Shown, box: Box | null): void {
    const canvas = figure.querySelector('canvas')!;
    const wait = figure.querySelector('.wait')!;
    const state = figure.querySelector('.state')!;
    figure.dataset.kind = kind;
    figure.classList.toggle('empty', frame === null);
    wait.textContent = frame === null ? words : '';
    if (kind !== 'map') state.textContent = frame === null ? '\u00a0' : words;
    canvas.setAttribute('aria-label', `${figure.querySelector('figcaption')!.textContent}: ${words}`);
    canvas.setAttribute('role', 'img');
    if (frame === null) return;
    paint(canvas, frame);
    frameBox(figure, frame, box);
  }
}

/** Draws a frame on a canvas, which gets the frame's size. */
export function paint(canvas: HTMLCanvasElement, frame: Frame): void {
  const { width, height, data } = toPixels(frame);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
}

/** Draws an outline around a box of the image. */
function frameBox(figure: HTMLElement, { width, height }: Frame, box: Box | null): void {
  figure.querySelector('.box')?.remove();
  if (box === null) return;
  const mark = document.createElement('div');
  mark.className = 'box';
  const across = (length: number) => `${(100 * length) / width}%`;
  const down = (y: number) => `${(100 * y) / height}%`;
  Object.assign(mark.style, {
    left: across(box.x),
    width: across(box.width),
    top: down(box.y),
    height: down(box.height),
  });
  figure.querySelector('.picture')!.append(mark);
}

const isKnown = ({ known, isLive }: Session, index: number) => !isLive && (known === null || index < known);

/** Returns the number of a frame after the known ones, from 1; null if its prediction was not requested. */
function aheadOf({ known, isLive }: Session, index: number): number | null {
  const ahead = known === null ? 0 : index - known + 1;
  return !isLive && ahead >= 1 && ahead <= AHEAD ? ahead : null;
}

function truthAt(session: Session, index: number): Shown {
  const frame = session.frames[index] ?? null;
  return isKnown(session, index) ? knownFrame(frame) : { kind: 'true', frame, words: 'true' };
}

const knownFrame = (frame: Frame | null): Shown => ({ kind: 'known', frame, words: 'known' });

function guessAt(session: Session, index: number): Shown {
  const { known, frames, expected, guessed } = session;
  const waiting = known === null ? 'waiting for the first frames' : 'computing\u2026';
  if (isKnown(session, index)) return guessed.size > 0 ? knownFrame(frames[index]) : predicted(null, 1, waiting);
  const ahead = aheadOf(session, index);
  const frame = (ahead === null ? expected : guessed).get(index) ?? null;
  return predicted(frame, ahead ?? 1, waiting);
}

function drawAt(session: Session, index: number): Shown {
  const { frames, drawn } = session;
  if (isKnown(session, index))
    return drawn.size > 0 ? knownFrame(frames[index]) : predicted(null, 1, whenDrawn(session));
  const ahead = aheadOf(session, index);
  if (ahead !== null) return predicted(drawn.get(index) ?? null, ahead, whenDrawn(session, ahead));
  const why = session.isLive
    ? 'drawn once the camera stops'
    : `drawn for ${pluralize(AHEAD, 'frame')} after the known ones`;
  return predicted(null, 1, why);
}

/** Returns the state of a sampled frame that is not drawn yet, in words. @param ahead its number, from 1 */
function whenDrawn({ guessed, drawn, drawing }: Session, ahead = 1): string {
  if (guessed.size < AHEAD) return 'waiting for the best guess';
  return drawn.size === ahead - 1 ? `drawing, pixel by pixel: ${percent(drawing)}` : 'drawn later';
}

function predicted(frame: Frame | null, ahead: number, waiting: string): Shown {
  return {
    kind: 'predicted',
    frame,
    words: frame === null ? waiting : `predicted, ${pluralize(ahead, 'frame')} ahead`,
  };
}

function mapAt(session: Session, index: number): Shown {
  const map = session.maps.at(index - 1);
  if (index === 0) return { kind: 'map', frame: null, words: 'not scored: no frame before it' };
  if (map === undefined || index > session.maps.length) return { kind: 'map', frame: null, words: 'scoring\u2026' };
  const frame = drawHeatMap(map, session.frames[index], WHITE * meanOf(session.maps));
  return { kind: 'map', frame, words: 'bright where the true frame was unexpected' };
}

/** Returns the mean cost of a pixel in the first 30 maps, so that all maps share one brightness scale. */
function meanOf(maps: readonly Float64Array[]): number {
  const first = maps.slice(0, 30);
  return first.reduce((sum, map) => sum + map.reduce((all, bits) => all + bits, 0) / map.length, 0) / first.length;
}
