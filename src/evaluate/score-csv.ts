import { stat, writeFile } from 'node:fs/promises';
import { tableCsv } from '../document/blocks/table.js';
import { cappedPsnr } from '../evaluation/forecast-summary.js';
import { errorFactory } from '../foundation/errors.js';
import { checkWritable, writeAtomically } from '../foundation/write-file.js';
import { assertNotInput, assertOverwritable, type ReplaceOptions } from '../video/index.js';
import type { ScoredClip } from './summarise-clips.js';

const COLUMNS = ['clip', 'horizon', 'forecast', 'metric', 'value'];

/** Row of a CSV file: clip, frames ahead, forecast, metric and value. */
type Row = [clip: string, horizon: number, forecast: string, metric: string, value: number | null];

/**
 * Returns the scores of clips as CSV: a row for each clip, horizon (frames ahead, from 1), forecast and metric. Rows of
 * bits/dim have horizon 1, and `model`, `previous-frame` or a codec as forecast. Rows of true frames have `truth` as
 * forecast. PSNR is at most 60 dB. A value that does not exist is empty.
 */
export function formatScoresCsv(clips: readonly ScoredClip[]): string {
  const rows = clips.flatMap((clip) => [...bitsRows(clip), ...forecastRows(clip)]);
  const text = (value: number | null) => (value === null || Number.isNaN(value) ? '' : String(value));
  const cells = rows.map(([clip, horizon, forecast, metric, value]) => {
    return [clip, String(horizon), forecast, metric, text(value)];
  });
  return tableCsv({ titles: COLUMNS, rows: cells });
}

function bitsRows({ name, bitsPerDim, previousFrameBitsPerDim, codecs }: ScoredClip): Row[] {
  const bits = { model: bitsPerDim, 'previous-frame': previousFrameBitsPerDim, ...codecs?.bitsPerDim };
  return Object.entries(bits).map(([forecast, value]) => [name, 1, forecast, 'bitsPerDim', value]);
}

function forecastRows({ name, forecasts }: ScoredClip): Row[] {
  if (forecasts === null) return [];
  const ofTruth = forecasts.trueChange.map((value, h): Row => [name, h + 1, 'truth', 'change', value]);
  const ofKinds = Object.entries(forecasts.kinds).flatMap(([kind, { meanSquaredError, ssim, change }]) =>
    meanSquaredError.flatMap((error, h): Row[] => [
      [name, h + 1, kind, 'meanSquaredError', error],
      [name, h + 1, kind, 'psnr', cappedPsnr(error)],
      [name, h + 1, kind, 'ssim', ssim?.[h] ?? null],
      [name, h + 1, kind, 'change', change[h]],
    ]),
  );
  return [...ofTruth, ...ofKinds];
}

/**
 * Checks that a CSV file can be written to `path`.
 * @throws PxvError `OUTPUT` if `path` cannot be written, or exists and `overwrite` is false; `USAGE` if `path` is an
 *   input
 */
export async function checkCsv(path: string, { overwrite = false, inputs = [] }: ReplaceOptions): Promise<void> {
  await assertNotInput(path, inputs, { option: '--csv' });
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
  const refused = errorFactory('OUTPUT', 'write CSV');
  if (isFolder) throw refused(path, 'a file', 'a folder of that name', 'choose another --csv');
  await assertOverwritable(path, { overwrite, option: '--csv' });
  checkWritable(path);
}

/**
 * Writes the scores of clips as a CSV file, atomically.
 * @param confirm check right before the file is placed; if it rejects, no file is placed
 */
export async function writeScoresCsv(
  path: string,
  clips: readonly ScoredClip[],
  confirm: () => Promise<void>,
): Promise<void> {
  await writeAtomically(path, (temporary) => writeFile(temporary, formatScoresCsv(clips)), { confirm });
}
