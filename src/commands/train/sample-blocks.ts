import type { Frame } from '../../foundation/frame.js';
import type { Block } from '../../document/blocks/index.js';
import { readsFrames } from '../../model/description.js';
import type { RunConfiguration } from '../../training/configuration.js';
import type { LogEntry } from '../../training/training-loop.js';
import type { SampleSheets } from '../../training/sample-sheets.js';
import { probeImage, readImage, cutSheetRows } from '../../video/index.js';
import { sampleRows } from './training-samples.js';

/** Sheets per second of the player. */
const RATE = 2;

const notes: Record<string, string> = {
  truth: 'what came: frames that it does not learn from',
  'best guess': 'what it expects in their place, given the frames before',
  'one sample': 'one of the futures that it holds possible',
  samples: 'drawn from nothing but chance',
};

/**
 * Returns report blocks of the samples drawn after validations: a player of the sheets, or still images of a single
 * sheet.
 * @param title title of the player
 * @param log log of the training, whose bits/dim label the sheets
 * @param maxSheets maximum number of sheets; they are evenly spaced, and the last is included
 * @returns no blocks if there is no readable sheet
 */
export async function sampleBlocks(
  title: string,
  sheets: SampleSheets,
  { model }: RunConfiguration,
  log: readonly LogEntry[],
  maxSheets: number,
): Promise<Block[]> {
  const isVideo = readsFrames(model);
  const names = sampleRows(model);
  const { size } = model.scales[model.scales.length - 1];
  const rowsOf = async (path: string): Promise<Frame[]> => {
    const sheet = await readImage(path, { size: await probeImage(path), channels: 3, fit: 'stretch' });
    return isVideo ? cutSheetRows(sheet, names.length, size) : [sheet];
  };
  const all = sheets.steps;
  const count = Math.min(all.length, maxSheets);
  const chosen = Array.from({ length: count }, (_, at) => all[Math.ceil(((at + 1) * all.length) / count) - 1]);
  const found = await Promise.all(
    chosen.map(async (step) => {
      // Files that are no sheets of this training are skipped.
      const rows = await rowsOf(sheets.pathOf(step)).catch(() => null);
      return rows === null ? [] : [{ step, rows }];
    }),
  );
  const last = found.flat().at(-1);
  if (last === undefined) return [];
  const [{ width, height }] = last.rows;
  const shown = found.flat().filter(({ rows: [row] }) => row.width === width && row.height === height);
  const isPredicted = (name: string) => name !== 'truth';
  if (shown.length === 1)
    return names.map((name, at) => ({
      kind: 'picture',
      title: isPredicted(name) ? `${name}, after step ${last.step}` : name,
      note: notes[name],
      frame: last.rows[at],
    }));
  const validations = new Map(log.map(({ step, validation }) => [step, validation]));
  const steps = shown.map(({ step }) => {
    const bits = validations.get(step);
    return { name: `after step ${step}${bits === undefined ? '' : `: ${bits.toFixed(3)} bits/dim`}`, predicted: true };
  });
  const frames = isVideo ? 'The same frames, predicted' : 'Images, drawn';
  return [
    {
      kind: 'clip',
      title,
      rate: RATE,
      first: shown.length - 1,
      steps,
      note: `${frames} after more and more steps. Play, or move the scrubber by mouse or arrow keys.`,
      panels: names.map((name, at) => ({
        title: name,
        note: notes[name],
        predicted: isPredicted(name),
        frames: shown.map(({ rows }) => rows[at]),
      })),
    },
  ];
}
