import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Debian's, or the one that is named. */
const executablePath = process.env.PXV_CHROMIUM ?? '/usr/bin/chromium';

/** Tests in a real browser; where there is none they are skipped in sight. */
export const withChromium = existsSync(executablePath) ? describe : describe.skip;

export function launch(...more: string[]): Promise<Browser> {
  // Chromium refuses its sandbox to root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox', ...more] : more;
  return chromium.launch({ executablePath, args });
}
