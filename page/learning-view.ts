import { drawChart } from '../src/document/chart.js';
import { pluralize } from '../src/foundation/pluralize.js';
import { drawHeatMap } from '../src/video/heat-map.js';
import type { Learning, Prediction } from './learning.js';
import { paint, WHITE } from './panels.js';

/** Height of the curve in pixels, without its legend. */
const HEIGHT = 180;

/** Part of the page about a training: progress, curve, a frame before and after, and the model to download. */
export class LearningView {
  private readonly root = document.querySelector<HTMLElement>('#learning')!;
  private readonly download = document.querySelector<HTMLAnchorElement>('#download')!;
  private shown: Learning | null = null;
  /** Last prediction that was drawn. */
  private drawn: Prediction | null = null;

  constructor() {
    this.find('#stop-learning').onclick = () => this.shown?.stop();
    this.download.onclick = () => (this.shown!.isDownloaded = true);
  }

  /** Shows a training; null: none yet. */
  show(learning: Learning | null): void {
    this.root.hidden = learning === null;
    if (learning === null) return;
    if (learning !== this.shown) this.begin(learning);
    const work = learning.describe();
    this.find('.work').classList.toggle('over', work === null);
    this.find('#lesson').textContent = work?.words ?? '';
    this.find<HTMLProgressElement>('#lesson-done').value = work?.fraction ?? 1;
    this.find('#stop-learning').hidden = !learning.isRunning;
    // Said once by screen readers.
    const result = learning.failure ?? learning.describeResult();
    if (this.find('#learned').textContent !== result) this.find('#learned').textContent = result;
    if (learning.file !== null && this.download.hidden) {
      this.download.href = URL.createObjectURL(learning.file);
      this.download.hidden = false;
    }
    this.drawCurve(learning);
    this.compare(learning);
  }

  private begin(learning: Learning): void {
    this.shown = learning;
    this.find('#learning-title').textContent = `Learning from ${learning.name}`;
    URL.revokeObjectURL(this.download.href);
    this.download.hidden = true;
    this.download.download = `${learning.name.replace(/\.\w+$/, '')}.safetensors`;
    this.root.scrollIntoView({ block: 'nearest' });
  }

  /** Draws the scores on the held-out frames by step, beside the score before the training. */
  private drawCurve({ validations, progress, best }: Learning): void {
    const root = this.find('#learning-curve');
    root.hidden = best === null;
    if (best === null) return;
    const [{ bitsPerDim: first }] = validations;
    const { steps = null, step = 0 } = progress ?? {};
    const last = Math.max(1, steps ?? step);
    const now = best.step === 0 ? '' : `, ${best.bitsPerDim.toFixed(3)} after ${pluralize(best.step, 'step')}`;
    const title = `Curve of bits per sub-pixel of the last fifth: ${first.toFixed(3)} before${now}`;
    root.setAttribute('aria-label', title);
    root.innerHTML = drawChart(
      {
        title,
        x: { label: 'steps', unit: 'whole', from: 0, to: last },
        y: { label: 'bits of the last fifth' },
        lines: [
          { name: `learned${now}`, points: validations.map(({ step, bitsPerDim }) => [step, bitsPerDim] as const) },
          {
            name: `before, ${first.toFixed(3)}`,
            points: [[0, first] as const, [last, first] as const],
            role: 'baseline',
          },
        ],
      },
      { width: root.clientWidth, height: HEIGHT },
      { colours: 'none' },
    );
  }

  /** Draws the held-out frame, its samples and its heat maps before and after, in one brightness. */
  private compare({ index, compared, lesson }: Learning): void {
    const { before, after } = compared;
    this.find('#comparison').hidden = before === null;
    if (index === null || before === null || this.drawn === (after ?? before)) return;
    this.drawn = after ?? before;
    const truth = lesson.frames[index];
    this.find('#comparison').style.setProperty('--aspect', String(truth.width / truth.height));
    const white = (WHITE * before.map.reduce((sum, bits) => sum + bits, 0)) / before.map.length;
    const mapOf = (map: Float64Array) => drawHeatMap(map, truth, white);
    const frames = {
      truth,
      'draw-before': before.drawn,
      'map-before': mapOf(before.map),
      'draw-after': after?.drawn ?? null,
      'map-after': after && mapOf(after.map),
    };
    for (const [name, frame] of Object.entries(frames)) {
      const figure = this.find(`[data-compared=${name}]`);
      figure.classList.toggle('empty', frame === null);
      if (frame !== null) paint(figure.querySelector('canvas')!, frame);
    }
  }

  private find<E extends HTMLElement>(selector: string): E {
    return this.root.querySelector<E>(selector)!;
  }
}
