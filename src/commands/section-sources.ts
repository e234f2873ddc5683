import type { SectionSource } from '../document/section-source.js';

/** Loads the sources of report sections, in the order in which they are asked for a path. */
export async function loadSectionSources(): Promise<SectionSource<unknown>[]> {
  const modules: { sectionSource: SectionSource<unknown> }[] = [
    await import('./train/report-section.js'),
    await import('./predict/report-section.js'),
    await import('./surprise/report-section.js'),
    await import('./evaluate/report-section.js'),
  ];
  return modules.map(({ sectionSource }) => sectionSource);
}
