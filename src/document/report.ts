import { getBlockKind, type Block } from './blocks/index.js';

/** What was found of one thing that was looked at. */
export interface Section {
  /** Its heading. */
  title: string;
  /** What it shows, in order. */
  blocks: readonly Block[];
}

/** What a page shows, one section after another. */
export interface ReportPage {
  title: string;
  /** How it was made, in a line. */
  made: string;
  /** Seconds after which a browser loads it again. Default: never. */
  refresh?: number;
  sections: readonly Section[];
}

/** For a terminal. */
export function reportText({ sections }: Pick<ReportPage, 'sections'>): string {
  const sectionText = ({ title, blocks }: Section) => [
    title,
    ...blocks.map((block) => getBlockKind(block).text(block)),
  ];
  return sections.flatMap(sectionText).filter(Boolean).join('\n\n');
}

/** For programs. */
export function reportJson({ title, sections }: Pick<ReportPage, 'title' | 'sections'>): object {
  const blockJson = (block: Block) => ({ kind: block.kind, ...getBlockKind(block).json(block) });
  return { title, sections: sections.map(({ title, blocks }) => ({ title, blocks: blocks.map(blockJson) })) };
}

/** A file name and its text for each block that has figures. */
export function reportCsv({ sections }: Pick<ReportPage, 'sections'>): { name: string; text: string }[] {
  return sections.flatMap((section, at) =>
    section.blocks.flatMap((block, index) => {
      const text = getBlockKind(block).csv?.(block);
      const words = (block.title ?? block.kind).toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
      return text === undefined ? [] : [{ name: `${at + 1}-${index + 1}-${words.slice(0, 60)}.csv`, text }];
    }),
  );
}
