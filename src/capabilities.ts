import type { SectionSource } from './document/section-source.js';

/** Part of the toolkit: its commands and the section that it adds to reports. */
interface Capability {
  /** Names of the capability's commands, each a file of cli/. */
  commands: readonly string[];
  /** Loads the source of the capability's report section. */
  sections?: () => Promise<{ sectionSource: SectionSource<unknown> }>;
}

/**
 * All capabilities, in the order of the help. A new capability is a folder, its commands, and a line here and in
 * cli/commands.ts. Modules are loaded on demand, so that help is quick.
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
  doctor: { commands: ['doctor'] },
  backends: { commands: ['backends'] },
} as const satisfies Record<string, Capability>;

type Capabilities = typeof capabilities;
/** Name of a command of a capability. */
export type CommandName = Capabilities[keyof Capabilities]['commands'][number];

/** Names of all commands, in the order of the help. */
export const commandNames: readonly CommandName[] = Object.values(capabilities).flatMap(({ commands }) => commands);

/** Loads the sources of report sections of all capabilities that have one, in the order of the help. */
export async function loadSectionSources(): Promise<SectionSource<unknown>[]> {
  const sources: SectionSource<unknown>[] = [];
  for (const capability of Object.values<Capability>(capabilities)) {
    const module = await capability.sections?.();
    if (module !== undefined) sources.push(module.sectionSource);
  }
  return sources;
}
