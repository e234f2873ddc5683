import { writeFile } from 'node:fs/promises';
import { singleProcess } from '../../distributed/process-group.js';
import { tableCsv } from '../../document/blocks/table.js';
import { cappedPsnr } from '../../evaluation/metrics.js';
import { writeAtomically } from '../../foundation/write-file.js';
import { assertFileOutput, assertNotInput, listInputFiles, type ClipSource } from '../../video/index.js';
import type { ParsedOptions } from '../../foundation/option-fields.js';
import type { scoreClipsFields } from './options.js';
import type { ProtocolSummary, ScoredClip } from './score-results.js';

/** Options for `openScoresFile`, as those of `scoreClips`. */
type ScoresFileOptions = Pick<ParsedOptions<typeof scoreClipsFields>, 'csv' | 'overwrite' | 'processGroup'>;

const COLUMNS = ['clip', 'horizon', 'forecast', 'metric', 'value'];

/** Row of a CSV file: clip, frames ahead, forecast, metric and value. */
type Row = [clip: string, horizon: number, forecast: string, metric: string, value: number | null];

/** Clip of a score under a protocol, as far as CSV shows it. */
type ProtocolClip = Pick<ProtocolSummary['clips'][number], 'name' | 'byFrame' | 'crossEntropy'>;

/**
 * Returns the scores of clips as CSV: a row for each clip, horizon (frames ahead, from 1), forecast and metric. Rows of
 * bits/dim have horizon 1, and `model`, `previous-frame` or a codec as forecast. Rows of true frames have `truth` as
 * forecast. PSNR is at most 60 dB. A value that does not exist is empty.
 */
export function formatScoresCsv(clips: readonly ScoredClip[]): string {
  return formatRows(clips.flatMap((clip) => [...bitsRows(clip), ...forecastRows(clip)]));
}

/**
 * Returns the scores of clips under a protocol as CSV: a row for each clip, horizon (frames ahead, from 1), forecast
 * and metric, as means over the clip's windows. Rows of a cross-entropy have `model` as forecast.
 */
export function formatProtocolCsv(clips: readonly ProtocolClip[]): string {
  const rows = clips.flatMap(({ name, byFrame, crossEntropy }) => [
    ...(crossEntropy ?? []).map((nats, h): Row => [name, h + 1, 'model', 'crossEntropy', nats]),
    ...Object.entries(byFrame).flatMap(([kind, metrics]) =>
      Object.entries(metrics).flatMap(([metric, values]) =>
        values.map((value, h): Row => [name, h + 1, kind, metric, value]),
      ),
    ),
  ]);
  return formatRows(rows);
}

function formatRows(rows: readonly Row[]): string {
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
 * Returns a function that writes a CSV file of scores atomically, from text as `formatScoresCsv` returns it. The
 * function does nothing without a path, or in a process that is not the main one. The checks are repeated before the
 * file is written, when all clips are scored.
 * @param clips clips that are read, none of which is replaced
 * @throws PxvError `OUTPUT` if `csv` cannot be written, or exists and `overwrite` is false; `USAGE` if it is a clip
 */
export async function openScoresFile(
  { csv, overwrite = false, processGroup = singleProcess }: ScoresFileOptions,
  clips: readonly ClipSource[],
): Promise<(format: () => string) => Promise<void>> {
  if (csv === undefined) return () => Promise.resolve();
  const inputs = [...new Set((await Promise.all(clips.map(({ path }) => listInputFiles(path)))).flat())];
  const confirm = async () => {
    await assertNotInput(csv, inputs, { option: '--csv' });
    await assertFileOutput(csv, { overwrite, option: '--csv', operation: 'write CSV' });
  };
  await confirm();
  return async (format) => {
    if (processGroup.isMainProcess)
      await writeAtomically(csv, (temporary) => writeFile(temporary, format()), { confirm });
  };
}
