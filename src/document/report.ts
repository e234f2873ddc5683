import { getBlockKind, type Block } from './blocks/index.js';

/** Section of a report: the results for one input. */
export interface Section {
  /** Heading of the section. */
  title: string;
  /** Blocks of the section, in order. */
  blocks: readonly Block[];
}

/** Report: a title and its sections, in order. */
export interface ReportPage {
  title: string;
  /** Line on the origin of the report, such as the command that made the report. */
  made: string;
  /** Seconds after which a browser reloads the page. Default: never. */
  refresh?: number;
  sections: readonly Section[];
}

/**
 * Returns the sections of a report as plain text for a terminal, with an empty line between blocks. Blocks without text
 * are omitted.
 */
export function reportText({ sections }: Pick<ReportPage, 'sections'>): string {
  const texts = sections.flatMap(({ title, blocks }) => [title, ...blocks.map((one) => getBlockKind(one).text(one))]);
  return texts.filter(Boolean).join('\n\n');
}

/** Returns a report as an object for JSON: its title, and the blocks of each section. */
export function reportJson({ title, sections }: Pick<ReportPage, 'title' | 'sections'>): object {
  const blockJson = (block: Block) => ({ kind: block.kind, ...getBlockKind(block).json(block) });
  return { title, sections: sections.map(({ title, blocks }) => ({ title, blocks: blocks.map(blockJson) })) };
}

/**
 * Returns a CSV file (name and contents) for each block of figures: series and tables. Names hold section and block
 * numbers, from 1, and the title of the block.
 */
export function reportCsv({ sections }: Pick<ReportPage, 'sections'>): { name: string; text: string }[] {
  return sections.flatMap((section, at) =>
    section.blocks.flatMap((block, index) => {
      const text = getBlockKind(block).csv?.(block);
      const words = (block.title ?? block.kind).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
      return text === undefined ? [] : [{ name: `${at + 1}-${index + 1}-${words.slice(0, 60)}.csv`, text }];
    }),
  );
}
