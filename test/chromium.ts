import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const program = process.env.PXV_CHROMIUM ?? '/usr/bin/chromium';

/** A test in a browser; where there is none, it is skipped in sight. */
export const testInChromium = existsSync(program) ? test : test.skip;

export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
}

/** A page of a file, and what its console and the browser found wrong in it so far. */
export async function openFile(
  browser: Browser,
  path: string,
  { width, dark = false }: { width: number; dark?: boolean },
): Promise<{ page: Page; faults: string[] }> {
  const viewport = { width, height: 800 };
  const page = await browser.newPage({ viewport, colorScheme: dark ? 'dark' : 'light', acceptDownloads: true });
  const faults: string[] = [];
  page.on('console', (message) => message.type() !== 'log' && faults.push(message.text()));
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => !/^(file|data|blob):/.test(request.url()) && faults.push(request.url()));
  await page.goto(`file://${encodeURI(path)}`);
  return { page, faults };
}

/** What axe finds in a page that keeps people from using it: the rule, and where. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The content policy of a page forbids a script that is added to it; what the protocol evaluates is none.
  await page.evaluate((createRequire(import.meta.url)('axe-core') as { source: string }).source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } };
    interface Violation {
      id: string;
      impact: string;
      nodes: { target: string[] }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
  });
}
