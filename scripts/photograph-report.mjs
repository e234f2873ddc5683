// Photographs the top of a report, as the documents show it: a PNG of few colours, 960 pixels wide. It needs Chromium,
// as Debian has it.
//
// usage: node scripts/photograph-report.mjs REPORT.html OUT.png HEIGHT
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const [report, out, height] = process.argv.slice(2);
const executablePath = process.env.PXV_CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 960, height: Number(height) }, colorScheme: 'light' });
  await page.goto(pathToFileURL(report).href);
  await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toFile(out);
} finally {
  await browser.close();
}
