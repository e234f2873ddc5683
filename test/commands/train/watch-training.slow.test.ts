import { appendFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { watchTraining } from '../../../src/commands/train/watch-training.js';
import { temporaryFolder } from '../../video/made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);

/** What a server answers to one who asks for it by another name, or for something else than to read. */
function statusOf(address: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.on('error', reject).end();
  });
}

test('the page of a training shows what its log has so far, and nothing of it can be changed', async () => {
  const log = join(folder.path, 'log.jsonl');
  const watched = await watchTraining(folder.path);
  try {
    expect(watched.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = async () => (await fetch(watched.address)).text();
    expect(await page()).toContain('<meta http-equiv="refresh" content="5">');
    writeFileSync(log, '{"step":1,"bitsPerDim":4,"seconds":1,"validation":3.25}\n');
    appendFileSync(log, '{"step":2,"bitsPerDim":3,"sec');
    // Until then what was drawn is sent again: whoever asks often takes nothing from the training.
    expect(await page()).not.toContain('3.250');
    let later = '';
    // 2.5 s on a machine that is not busy; where a page takes long to draw, it is drawn less often.
    for (let tries = 0; tries < 40 && !later.includes('3.250'); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 650));
      later = await page();
    }
    expect(later).toContain('<p class="value">3.250 <span class="unit">bits/dim</span></p>');

    expect(await statusOf(watched.address, { host: 'elsewhere.example' })).toBe(403);
    expect(await statusOf(watched.address, {}, 'POST')).toBe(405);
    expect(await statusOf(`${watched.address}../../etc/passwd`, {})).toBe(404);
  } finally {
    watched.close();
  }
  await expect(fetch(watched.address)).rejects.toThrow();
});
