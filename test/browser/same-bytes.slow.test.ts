import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { serveOnLoopback } from '../../src/foundation/loopback-server.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { launch, withChromium } from '../page/chromium.js';
import { compute } from './computed.js';

/** A worker, as browsers have it. */
interface PageWorker {
  onmessage: (event: { data: object }) => void;
  onerror: (event: { message: string }) => void;
  postMessage: (data: unknown) => void;
}

const inPage = (page: Page, threads: number | undefined) =>
  page.evaluate(
    (given) =>
      new Promise<{ error?: string; chosen?: object; computed?: object }>((resolve) => {
        const { Worker } = globalThis as unknown as { Worker: new (url: string, options: object) => PageWorker };
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => resolve({ error: message });
        worker.postMessage(given);
      }),
    threads,
  );

withChromium('a page', () => {
  let browser: Browser;
  const files = new Map<string, { type: string; content: Uint8Array | string }>();
  const closing: (() => void)[] = [];
  let expected: Awaited<ReturnType<typeof compute>>;

  beforeAll(async () => {
    const { outputFiles } = await build({
      ...{ entryPoints: ['test/browser/in-page.ts'], bundle: true, format: 'esm', platform: 'browser', write: false },
    });
    files.set('/', { type: 'text/html', content: '<!doctype html><title>empty</title>' });
    files.set('/worker.js', { type: 'text/javascript', content: outputFiles[0].contents });
    files.set('/pxv.wasm', { type: 'application/wasm', content: readFileSync('wasm/pxv.wasm') });
    files.set('/model', {
      type: 'application/octet-stream',
      content: readFileSync('models/video-64.safetensors'),
    });
    await chooseBackend({ instructionSet: 'wasm', threads: 1 });
    expected = await compute(loadModel('video-64'));
    browser = await launch();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    for (const close of closing) close();
  });

  test('computes the bytes of wasm in Node.js, isolated, with three threads', async () => {
    const { address, close } = await serveOnLoopback(0, (path) => Promise.resolve(files.get(path) ?? null));
    closing.push(close);
    const page = await browser.newPage();
    await page.goto(address);
    const { chosen, computed } = await inPage(page, 3);
    expect(chosen).toMatchObject({ instructionSet: 'wasm', isolated: true, threads: 3 });
    expect(computed).toEqual(expected);
  });

  test('computes them without isolation too, with one thread, and refuses more in one line', async () => {
    const server = createServer(({ url }, response) => {
      const { type, content } = files.get(url!) ?? { type: 'text/plain', content: '' };
      response.setHeader('content-type', type).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => (server.close(), server.closeAllConnections()));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { chosen, computed } = await inPage(page, undefined);
    expect(chosen).toEqual({ instructionSet: 'wasm', threads: 1, isolated: false });
    expect(computed).toEqual(expected);
    expect((await inPage(page, 2)).error).toBe(
      'choose backend: threads: expected 1, as the page is not isolated, received 2; serve the page with the ' +
        'headers COOP and COEP',
    );
  });
});
