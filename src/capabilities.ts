import type { SectionSource } from './document/section-source.js';

/** What one capability adds to the toolkit. */
interface Capability {
  /** Names of its commands: files of cli/. */
  commands: readonly string[];
  /** Loads its part of a report. */
  sections?: () => Promise<{ sectionSource: SectionSource<unknown> }>;
}

/**
 * Every capability, in the order of the help. A new one is a folder, its commands, and a line here. Modules are loaded when
 * they are used, so that help is quick.
 */
export const capabilities = {
  train: { commands: ['train'], sections: () => import('./train/report-section.js') },
  predict: { commands: ['predict'], sections: () => import('./predict/report-section.js') },
  surprise: { commands: ['surprise'], sections: () => import('./surprise/report-section.js') },
  codec: { commands: ['encode', 'decode'] },
  page: { commands: ['page'] },
  sample: { commands: ['sample', 'complete'] },
  evaluate: { commands: ['eval-video', 'eval-images'], sections: () => import('./evaluate/report-section.js') },
  report: { commands: ['report'] },
  check: { commands: ['check'] },
  datasets: { commands: ['datasets'] },
  models: { commands: ['models'] },
  bench: { commands: ['bench'] },
  doctor: { commands: ['doctor'] },
  backends: { commands: ['backends'] },
} satisfies Record<string, Capability>;

/** Names of all commands, in the order of the help. */
export const commandNames: readonly string[] = Object.values(capabilities).flatMap(({ commands }) => commands);

/** Loads the parts that capabilities make of a report. */
export async function loadSectionSources(): Promise<SectionSource<unknown>[]> {
  const sources: SectionSource<unknown>[] = [];
  for (const capability of Object.values<Capability>(capabilities)) {
    const module = await capability.sections?.();
    if (module !== undefined) sources.push(module.sectionSource);
  }
  return sources;
}
