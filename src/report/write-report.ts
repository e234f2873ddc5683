import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { errorsOf } from '../foundation/errors.js';
import { checkWritable, writeAtomically } from '../foundation/write-file.js';
import type { Model } from '../model/model.js';
import { reportHtml } from '../document/page.js';
import { reportCsv, type Section } from '../document/report.js';
import { RunFolder } from '../training/run-folder.js';
import { expectNoInput, isTaken, listClips } from '../video/index.js';
import { parseOptions, type OptionsOf, type Parsed } from '../options/fields.js';
import { writeReportFields } from './options.js';
import { predictionSection } from '../predict/report-section.js';
import { isScore, scoreSection } from '../evaluate/report-section.js';
import { findingsSection, isFindings, isSearch, searchSection } from '../surprise/report-section.js';
import { trainingSection } from '../train/report-section.js';

/** What `writeReport` shows, and where it writes. */
export type WriteReportOptions = OptionsOf<typeof writeReportFields>;

/** What `writeReport` has written. */
export interface WrittenReport {
  /** The page. */
  path: string;
  /** Of the page. */
  bytes: number;
  /** The folder with the figures; null where they were not asked for. */
  csv: string | null;
  /** What the page shows, one section after another. */
  sections: readonly Section[];
}

/** Something that is reported on. */
type Subject =
  | { kind: 'training'; path: string }
  | { kind: 'search'; path: string }
  | { kind: 'result'; path: string; section: Section }
  | { kind: 'clip'; path: string; name: string };

const misused = errorsOf('USAGE', 'write report');
const unusable = errorsOf('INPUT', 'write report');

/**
 * Writes a page of what was found, that needs nothing else: of trainings, of what `--json` of eval-video and surprise printed, of the folder of a
 * search, and of clips, whose last frames are predicted. What is given tells what it shows.
 * @param paths run folders, JSON files, folders of searches, and clips, in the order of the page; trainings that follow each other are drawn
 *   over one another
 * @throws PxvError `USAGE` where an option is wrong; `INPUT` where nothing can be shown of a path; `OUTPUT` where the page cannot be written
 */
export async function writeReport(paths: readonly string[], asked: WriteReportOptions): Promise<WrittenReport> {
  const options = parseOptions('write report', writeReportFields, asked);
  const { out } = options;
  if (extname(out).toLowerCase() !== '.html')
    throw misused(
      out,
      'a name that ends in .html',
      `one that ends in ${extname(out) || 'nothing'}`,
      'choose another --out',
    );
  const csv = options.csv ? `${out.slice(0, -extname(out).length)}-csv` : null;
  const confirm = () => expectPlaces(out, csv, paths, options.overwrite);
  await confirm();
  checkWritable(out);
  const subjects = (await Promise.all(paths.map(subjectsAt))).flat();
  const sections = await sectionsOf(subjects, options);
  const title =
    subjects.length === 1
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

/** What a path leads to. @throws PxvError `INPUT` where it is nothing that a report shows */
async function subjectsAt(path: string): Promise<Subject[]> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) {
    if (isSearch(await readdir(path))) return [{ kind: 'search', path }];
    if (new RunFolder(path).hasResults) return [{ kind: 'training', path }];
  }
  if (found !== null && extname(path).toLowerCase() === '.json') return [await resultAt(path)];
  return (await listClips([path])).map((clip) => ({ kind: 'clip', path: clip.path, name: clip.name }));
}

async function resultAt(path: string): Promise<Subject> {
  const remedy = 'give what pxv eval-video --json or pxv surprise --json printed';
  const refused = (received: string) => unusable(path, 'a result of pxv as JSON', received, remedy);
  let result: unknown;
  try {
    result = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    throw refused('a file that is no JSON');
  }
  if (typeof result !== 'object' || result === null) throw refused('no object');
  const made = isFindings(result) ? findingsSection : isScore(result) ? scoreSection : null;
  if (made === null) throw refused(`an object of ${Object.keys(result).slice(0, 4).join(', ') || 'nothing'}`);
  const section = made(path, result);
  if (section === null) throw refused('one of another version, or not whole');
  return { kind: 'result', path, section };
}

async function sectionsOf(subjects: readonly Subject[], options: Parsed<typeof writeReportFields>): Promise<Section[]> {
  const sections: Section[] = [];
  let trainings: string[] = [];
  let model: Model | null = null;
  for (const [at, subject] of subjects.entries()) {
    if (subject.kind === 'training') {
      trainings.push(subject.path);
      if (subjects[at + 1]?.kind === 'training') continue;
      sections.push(await trainingSection(trainings));
      trainings = [];
    } else if (subject.kind === 'result') sections.push(subject.section);
    else if (subject.kind === 'search') sections.push(await searchSection(subject.path, `part-${at + 1}`));
    else {
      if (options.model === undefined) throw misused('model', 'a model that predicts the clips', 'none', 'give one');
      model ??= await options.model();
      sections.push(await predictionSection(model, subject.path, subject.name, options));
    }
  }
  return sections;
}

/** @throws PxvError `OUTPUT` where something is there that may not be replaced; `USAGE` where that is an input */
async function expectPlaces(out: string, csv: string | null, inputs: readonly string[], overwrite = false) {
  const refused = errorsOf('OUTPUT', 'write report');
  for (const place of csv === null ? [out] : [out, csv]) {
    await expectNoInput(place, inputs.filter(existsSync));
    if (overwrite || !(await isTaken(place))) continue;
    throw refused(place, 'a new one', 'one that exists', 'choose another --out, or replace it with --overwrite');
  }
  const names = csv === null ? [] : await readdir(csv).catch(() => []);
  const foreign = names.find((name) => extname(name) !== '.csv');
  if (foreign !== undefined) throw refused(csv!, 'a folder of figures', `one with ${foreign}`, 'choose another --out');
  const isFolder = (await stat(out).catch(() => null))?.isDirectory() ?? false;
  if (isFolder) throw refused(out, 'a file', 'a folder of that name', 'choose another --out');
}
