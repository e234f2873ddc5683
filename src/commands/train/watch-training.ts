import { serveOnLoopback, type LoopbackServer } from '../../foundation/loopback-server.js';
import { reportHtml } from '../../document/page.js';
import { trainingSection } from './report-section.js';

/** Minimum seconds between reloads of the page; else the time to draw the page, times `TIMES`. */
const OFTEN = 5;
const TIMES = 100;

/**
 * Serves a page about a training on a free port of the loopback interface. The page is built from the run folder, which
 * is only read, and reloads automatically every 5 s, or less often if drawing the page is slow.
 * @param out run folder, which need not exist yet
 * @throws PxvError `USAGE` if no port is free
 */
export async function watchTraining(out: string): Promise<LoopbackServer> {
  let drawn = { at: -Infinity, html: '', refresh: OFTEN };
  return serveOnLoopback(0, async (path) => {
    if (path !== '/') return null;
    const now = performance.now();
    // The number of viewers does not slow the training.
    if (now - drawn.at > 500 * drawn.refresh) {
      const { refresh } = drawn;
      const time = new Date().toISOString().slice(11, 19);
      const made = `as it goes, at ${time} UTC; loads itself again every ${refresh} s`;
      // Only the latest samples: the page is drawn often.
      const section = await trainingSection([out], 1);
      const html = await reportHtml({ title: section.title, made, refresh, sections: [section] });
      const seconds = (performance.now() - now) / 1000;
      drawn = { at: now, html, refresh: Math.max(OFTEN, Math.ceil(TIMES * seconds)) };
    }
    return { type: 'text/html; charset=utf-8', content: drawn.html };
  });
}
