import { readFileSync } from 'node:fs';
import type { Browser, Locator } from 'playwright-core';
import { openChromium, openFile, seriousFaults, testInChromium } from '../chromium.js';
import { reportInputs } from './report-inputs.js';

const { at, reportAll, drawSheets } = reportInputs();

describe('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    await drawSheets();
    await reportAll();
    if (testInChromium === test) browser = await openChromium();
  }, 120_000);
  afterAll(() => browser?.close());

  for (const width of [1280, 390])
    for (const dark of [false, true])
      testInChromium(
        `at ${width} pixels, ${dark ? 'dark' : 'light'}, all can be used and nothing is wrong`,
        async () => {
          const { page, faults } = await openFile(browser, at('all.html'), { width, dark });
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          for (const summary of await page.locator('summary').all()) await summary.click();
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
          expect(await seriousFaults(page)).toEqual([]);
          expect(await page.locator('.chart svg:visible').count()).toBe(await page.locator('.chart').count());
          expect(faults).toEqual([]);
          await page.close();
        },
      );

  testInChromium('all panels of a clip go on together, by keyboard and by themselves', async () => {
    const { page, faults } = await openFile(browser, at('all.html'), { width: 1280 });
    const clip = page.locator('.clip').last();
    const told = clip.locator('output');
    const placeOf = async (image: Locator) => `${await image.getAttribute('x')} ${await image.getAttribute('y')}`;
    const places = async () => Promise.all((await clip.locator('image').all()).map(placeOf));
    await clip.locator('input').focus();
    await page.keyboard.press('Home');
    expect(await told.textContent()).toBe('frame 20, known');
    expect(new Set(await places())).toEqual(new Set(['0 0']));
    await page.keyboard.press('ArrowRight');
    expect(await told.textContent()).toBe('frame 21, known');
    expect(new Set(await places())).toEqual(new Set(['-16 0']));
    await page.keyboard.press('End');
    expect(await told.textContent()).toBe('frame 39, predicted, 4 ahead');
    await clip.locator('.play').focus();
    await page.keyboard.press('Enter');
    await clip.locator('output', { hasText: 'frame 22, known' }).waitFor();
    await page.keyboard.press('Enter');
    const stopped = await told.textContent();
    await page.waitForTimeout(500);
    expect(await told.textContent()).toBe(stopped);
    expect(faults).toEqual([]);
  });

  testInChromium('a mark on the timeline leads to its event, and a chart is saved with its colours', async () => {
    const { page, faults } = await openFile(browser, at('all.html'), { width: 390 });
    await page.locator('.chart .narrow a[href*=event]').first().press('Enter');
    expect(await page.locator('.picture:target').count()).toBe(1);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.save').first().click()]);
    expect(download.suggestedFilename()).toBe('learning-curves.svg');
    const svg = readFileSync(await download.path(), 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(faults).toEqual([]);
  });
});
