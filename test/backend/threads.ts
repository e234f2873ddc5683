import { loadAddon } from '../../src/backend/addon.js';
import type { Kernels } from '../../src/backend/kernels.js';
import { kernelSets } from './implementations.js';

/** Those of the addon; none without it. */
export const addonSets = kernelSets.filter(({ instructionSet }) => instructionSet !== 'typescript');

/** On each set of the addon what `run` computes has the same bits with 1, 2 and 3 threads; without the addon that is skipped, in sight. */
export function testThreads(run: (kernels: Kernels) => Float32Array): void {
  (addonSets.length > 0 ? test.each(addonSets) : test.skip.each([{ instructionSet: 'addon' }]))(
    '$instructionSet gives the same bits with 1, 2 and 3 threads',
    (set) => {
      const addon = loadAddon();
      const threads = addon.threads();
      const results = [1, 2, 3].map((count) => {
        addon.setThreads(count);
        return Array.from(run(set as Kernels));
      });
      addon.setThreads(threads);
      for (const result of results) expect(result).toEqual(results[0]);
    },
  );
}
