import type { ForecastName } from '../src/evaluation/forecasts.js';
import type { ForecastsSummary, ForecastSummary, MeanOverClips } from '../src/evaluation/forecast-summary.js';
import { numberOf } from '../src/foundation/number-of.js';
import { formatTable, withError } from './table.js';

/** A difference in decibels with its standard error, where there is one. */
export function gainWithError({ mean, standardError }: MeanOverClips, index: number): string {
  return `${mean[index] < 0 ? '' : '+'}${withError(mean[index], standardError[index], 2)}`;
}

/** Forecasts beside each other, by frames ahead: decibels, SSIM, change from frame to frame. */
export async function forecastTables(
  { clips, starts, trueChange, kinds }: ForecastsSummary,
  samples: number,
): Promise<string[]> {
  const { forecasts } = await import('../src/evaluation/forecasts.js');
  const names = Object.keys(kinds) as ForecastName[];
  const others = names.filter((name) => name !== 'last-frame');
  const titles = (of: ForecastName[]) => of.map((name) => forecasts[name].title(samples));
  const gainOf = ({ gain, wins }: ForecastSummary, h: number) => `${gainWithError(gain, h)} (${wins[h]})`;
  const table = (columns: string[], cells: (h: number) => string[]) =>
    formatTable('r'.repeat(1 + columns.length), [
      ['frames ahead', ...columns],
      ...trueChange.map((_, h) => [String(h + 1), ...cells(h)]),
    ]);

  const ssims = names.flatMap((name) => kinds[name]?.ssim ?? []);
  return [
    `predicted from ${numberOf(starts, 'place')} in ${numberOf(clips, 'clip')}: PSNR of the last frame repeated, and decibels more`,
    `than that${clips === 1 ? '' : ' +- standard error over clips'} (clips on which it is more)`,
    table(['last frame', ...titles(others)], (h) => [
      kinds['last-frame']!.psnr[h].toFixed(2),
      ...others.map((name) => gainOf(kinds[name]!, h)),
    ]),
    ...(ssims.length === 0
      ? []
      : ['', 'SSIM', table(titles(names), (h) => names.map((name) => kinds[name]!.ssim![h].toFixed(3)))]),
    '',
    'change from frame to frame in levels: true, and predicted over true',
    table(['true', ...titles(others)], (h) => [
      trueChange[h].toFixed(2),
      ...others.map((name) => (trueChange[h] === 0 ? '-' : kinds[name]!.changeRatio[h].toFixed(2))),
    ]),
  ];
}
