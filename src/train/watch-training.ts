import { serveOnLoopback, type LoopbackServer } from '../foundation/loopback-server.js';
import { reportHtml } from '../document/page.js';
import { trainingSection } from './report-section.js';

/** Seconds after which the page is loaded again; where it takes long to draw, a hundred times as long as that. */
const [OFTEN, TIMES] = [5, 100];

/**
 * Serves the page of a training to this machine alone, on any port that is free. It is drawn from what is in the run folder, which is only read,
 * and loads itself again.
 * @param out folder of the run, which need not be there yet
 */
export async function watchTraining(out: string): Promise<LoopbackServer> {
  let drawn = { at: -Infinity, html: '', refresh: OFTEN };
  return serveOnLoopback(0, async (path) => {
    if (path !== '/') return null;
    const now = performance.now();
    // However many look at it, it takes no more from the training.
    if (now - drawn.at > 500 * drawn.refresh) {
      const { refresh } = drawn;
      const made = `as it goes, at ${new Date().toISOString().slice(11, 19)} UTC; loads itself again every ${refresh} s`;
      // The latest samples alone: it is drawn often.
      const section = await trainingSection([out], 1);
      const html = await reportHtml({ title: section.title, made, refresh, sections: [section] });
      const seconds = (performance.now() - now) / 1000;
      drawn = { at: now, html, refresh: Math.max(OFTEN, Math.ceil(TIMES * seconds)) };
    }
    return { type: 'text/html; charset=utf-8', content: drawn.html };
  });
}
