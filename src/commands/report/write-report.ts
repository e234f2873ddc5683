import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { reportHtml } from '../../document/page.js';
import { reportCsv, type Section } from '../../document/report.js';
import { invalidResultError, type ReportInput, type SectionSource } from '../../document/section-source.js';
import { errorFactory } from '../../foundation/errors.js';
import { writeAtomically } from '../../foundation/write-file.js';
import { parseJson } from '../../foundation/parse-json.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';
import { assertFileOutput, assertNotInput, assertOverwritable } from '../../video/index.js';
import { writeReportFields } from './options.js';

/** Options for `writeReport`, such as the output, the model and the frames of clips to predict. @interface */
export type WriteReportOptions = OptionsOf<typeof writeReportFields>;

/** Result of `writeReport`. */
export interface WrittenReport {
  /** Path of the HTML file. */
  path: string;
  /** Size of the HTML file in bytes. */
  bytes: number;
  /** Folder of the CSV files; null if not requested. */
  csv: string | null;
  /** Sections of the report, in order. @internal */
  sections: readonly Section[];
}

const misused = errorFactory('USAGE', 'write report');

/**
 * Writes a self-contained HTML report, atomically. Each path gives the section of its kind: learning curves of a
 * training, the results of `pxv eval-video` or `pxv surprise`, or a clip with predictions of its last frames.
 * @param sources section sources, as `loadSectionSources` returns them
 * @param paths in the order of the report: run folders, files of `--json` output, output folders of `pxv surprise`, and
 *   clips; consecutive run folders are drawn in the same charts
 * @throws PxvError `USAGE` if an option is wrong; `INPUT` if no source can show a path; `OUTPUT` if the report cannot
 *   be written; errors of predictions, as `CHECKPOINT`, `DEPENDENCY` and `RESOURCES`; the signal's reason if aborted
 */
export async function writeReport(
  sources: readonly SectionSource<unknown>[],
  paths: readonly string[],
  asked: WriteReportOptions,
): Promise<WrittenReport> {
  const options = parseOptions('write report', writeReportFields, asked);
  const { out } = options;
  const ending = `one that ends in ${extname(out) || 'nothing'}`;
  if (extname(out).toLowerCase() !== '.html')
    throw misused(out, 'a name that ends in .html', ending, 'choose another --out');
  const csv = options.csv ? `${out.slice(0, -extname(out).length)}-csv` : null;
  const confirm = () => assertOutputs(out, csv, paths, options.overwrite);
  await confirm();
  const sections: Section[] = [];
  for (const { source, items } of await openAll(sources, paths))
    sections.push(...(await source.sections(items, options)));
  const title =
    sections.length === 1 && paths.length === 1
      ? sections[0].title
      : `pxv report: ${paths.map((path) => basename(resolve(path))).join(', ')}`;
  const html = await reportHtml({ title, made: options.made ?? '', sections });
  await writeAtomically(out, (temporary) => writeFile(temporary, html), { confirm });
  if (csv !== null)
    await writeAtomically(csv, async (temporary) => {
      await mkdir(temporary);
      for (const { name, text } of reportCsv({ sections })) await writeFile(join(temporary, name), text);
    });
  return { path: out, bytes: Buffer.byteLength(html), csv, sections };
}

/** Returns what section sources need to know of a path. @throws PxvError `INPUT` if a JSON file holds no object */
async function inputAt(path: string, index: number): Promise<ReportInput> {
  const found = await stat(path).catch(() => null);
  const isJson = found !== null && !found.isDirectory() && extname(path).toLowerCase() === '.json';
  return {
    path,
    id: `part-${index + 1}`,
    names: found?.isDirectory() ? await readdir(path) : null,
    json: isJson ? await readJson(path) : undefined,
  };
}

async function readJson(path: string): Promise<object> {
  const result = parseJson(await readFile(path, 'utf8').catch(() => ''));
  if (result === undefined) throw invalidResultError(path, 'a file that is not JSON');
  if (typeof result !== 'object' || result === null) throw invalidResultError(path, 'no object');
  return result;
}

/** Consecutive items of one section source. */
type Group = { source: SectionSource<unknown>; items: unknown[] };

/** Opens every path, before anything is computed. @throws PxvError `INPUT` if no source can show a path */
async function openAll(sources: readonly SectionSource<unknown>[], paths: readonly string[]): Promise<Group[]> {
  const inOrder = sources.toSorted((a, b) => Number(a.reads === 'clips') - Number(b.reads === 'clips'));
  const groups: Group[] = [];
  for (const [index, path] of paths.entries()) {
    const input = await inputAt(path, index);
    const opened = await openFirst(inOrder, input);
    if (opened.source === groups.at(-1)?.source) groups.at(-1)!.items.push(...opened.items);
    else groups.push(opened);
  }
  return groups;
}

async function openFirst(sources: readonly SectionSource<unknown>[], input: ReportInput): Promise<Group> {
  for (const source of sources) {
    const items = await source.open(input);
    if (items !== null) return { source, items };
  }
  const keys = Object.keys(input.json ?? {});
  throw invalidResultError(input.path, `an object of ${keys.slice(0, 4).join(', ') || 'nothing'}`);
}

/**
 * Checks that the outputs may be written.
 * @throws PxvError `OUTPUT` if an output exists and may not be replaced, or cannot be written; `USAGE` if an output is
 *   one of the inputs
 */
async function assertOutputs(out: string, csv: string | null, inputs: readonly string[], overwrite = false) {
  const options = { overwrite, operation: 'write report' };
  for (const place of csv === null ? [out] : [out, csv]) await assertNotInput(place, inputs.filter(existsSync));
  await assertFileOutput(out, options);
  if (csv === null) return;
  await assertOverwritable(csv, options);
  const foreign = (await readdir(csv).catch(() => [])).find((name) => extname(name) !== '.csv');
  if (foreign === undefined) return;
  const refused = errorFactory('OUTPUT', options.operation);
  throw refused(csv, 'a folder of CSV files', `one with ${foreign}`, 'choose another --out');
}
