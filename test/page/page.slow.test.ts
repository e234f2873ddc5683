import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, ConsoleMessage, Page } from 'playwright-core';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import { encodeFrames } from '../../src/coding/encode-frames.js';
import { CodedReader, writeHeader } from '../../src/coding/format.js';
import type { Frame } from '../../src/foundation/frame.js';
import { resizeModel } from '../../src/model/resize-model.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { createWebpCodec } from '../../src/video/lossless-webp.js';
import { servePage } from '../../src/commands/page/serve-page.js';
import { openClip } from '../../src/video/index.js';
import { streamed } from '../coding/coding.js';
import { ffmpeg, temporaryFolder } from '../video/made-clips.js';
import { launch, withChromium } from './chromium.js';

const CLIP = 'examples/asl_yes.mkv';
/** Of its frames, so many are in the short clip. */
const SHORT = 16;
/** Until all of a clip is looked at, on a slow machine. */
const LOOKED = { timeout: 240_000 };

const folder = temporaryFolder();
afterAll(folder.remove);

/** Files of 20 frames: one that browsers can read, and the same as if machines that round otherwise had written it. */
async function codedClip() {
  const size = { width: 16, height: 12 };
  await chooseBackend({ instructionSet: 'wasm', threads: 1 });
  const model = resizeModel(loadModel('video-64'), size);
  const frames: Frame[] = [];
  for await (const frame of (await openClip(CLIP, { size, channels: 3 })).frames()) frames.push(frame);
  frames.length = 20;
  const parts: Uint8Array[] = [];
  const settings = {
    frameRate: { numerator: 30, denominator: 1 },
    keyFrameInterval: 8,
    webp: createWebpCodec(size, 3),
  };
  for await (const part of encodeFrames(model, streamed(frames), settings)) parts.push(part);
  const reader = new CodedReader(streamed(parts));
  const fused = writeHeader({ ...(await reader.header()), arithmetic: 'fused' });
  const [clip, other] = ['clip.pxv', 'fused.pxv'].map((name) => join(folder.path, name));
  writeFileSync(clip, Buffer.concat(parts));
  writeFileSync(other, Buffer.concat([fused, ...parts.slice(1)]));
  return { clip, other, frames };
}

withChromium('the page', () => {
  let browser: Browser;
  let address: string;
  const closing: (() => unknown)[] = [];
  const site = join(folder.path, 'site');
  const camera = join(folder.path, 'camera.mjpeg');
  const short = join(folder.path, 'short.mp4');

  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/build-page.mjs', '--out', site]);
    ffmpeg(['-i', CLIP, '-s', '320x240', '-c:v', 'mjpeg', '-q:v', '3', camera]);
    ffmpeg(['-i', CLIP, '-frames:v', String(SHORT), short]);
    const served = await servePage();
    address = served.address;
    browser = await launch(
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
    );
    closing.push(served.close, () => browser.close());
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  // A page that is left open goes on computing.
  const windows: (() => Promise<void>)[] = [];
  afterEach(() => Promise.all(windows.splice(0).map((close) => close())));

  /** The page in a window, and what it says on the console or sends elsewhere. */
  async function open({ at = address, width = 1280, dark = false } = {}) {
    const context = await browser.newContext({
      viewport: { width, height: width < 500 ? 844 : 720 },
      colorScheme: dark ? 'dark' : 'light',
      permissions: ['camera'],
    });
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message: ConsoleMessage) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    page.on('request', (request) => {
      if (request.method() !== 'GET' || !/^(blob:)?http:\/\/(127\.0\.0\.1|localhost):/.test(request.url()))
        said.push(`${request.method()} ${request.url()}`);
    });
    windows.push(() => context.close());
    await page.goto(at);
    return { page, said };
  }

  /** Waits until a panel says so of its picture: the page is drawn again when the browser has time. */
  const says = (page: Page, panel: string, hasText: string) =>
    page.locator(`[data-panel=${panel}] .state`, { hasText }).waitFor(LOOKED);
  /** The colours of a panel, pixel by pixel; of a copy, since browsers complain where a canvas is read twice. */
  const pixelsOf = (page: Page, panel: string) =>
    page.evaluate((selector) => {
      interface Canvas {
        width: number;
        height: number;
        getContext(type: '2d'): {
          drawImage(from: Canvas, x: number, y: number): void;
          getImageData(...box: number[]): { data: Uint8ClampedArray };
        };
      }
      const { document, OffscreenCanvas } = globalThis as unknown as {
        document: { querySelector(selector: string): Canvas };
        OffscreenCanvas: new (width: number, height: number) => Canvas;
      };
      const canvas = document.querySelector(selector);
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
      copy.drawImage(canvas, 0, 0);
      return [...copy.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 < 3);
    }, `[data-panel=${panel}] canvas`);
  /** How many colours a panel shows: of an empty one it is one. */
  const coloursOf = async (page: Page, panel: string) => {
    const pixels = await pixelsOf(page, panel);
    return new Set(pixels.flatMap((_, at) => (at % 3 === 0 ? pixels.slice(at, at + 3).join() : []))).size;
  };
  const show = (page: Page, frame: number) => page.fill('#shown', String(frame));
  const lookedAt = (page: Page, frames: string) =>
    page.getByText(`${frames} frames`, { exact: true }).waitFor({ ...LOOKED, state: 'attached' });
  async function overflow(page: Page): Promise<number> {
    return page.evaluate('document.documentElement.scrollWidth - innerWidth');
  }
  async function faultsOf(page: Page): Promise<string[]> {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }

  test.each([
    { width: 1280, dark: false },
    { width: 1280, dark: true },
    { width: 390, dark: false },
    { width: 390, dark: true },
  ])('is painted within a second, and can be read and used by all: %o', async (how) => {
    const { page, said } = await open(how);
    expect(await page.isVisible('text=nothing is uploaded')).toBe(true);
    // The browser may note the time after the page can be asked.
    const paint = await page.waitForFunction("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
    expect(await paint.jsonValue()).toBeLessThan(1000);
    expect(await faultsOf(page)).toEqual([]);
    await page.setInputFiles('#file', short);
    await lookedAt(page, `${SHORT} of ${SHORT}`);
    expect(await overflow(page)).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
    expect(said).toEqual([]);
  });

  test('of a clip it shows what is known, what is predicted, what is true and where that was surprising', async () => {
    const { page, said } = await open();
    await page.setInputFiles('#file', CLIP);
    await lookedAt(page, '65 of 65');
    await show(page, 4);
    for (const panel of ['truth', 'guess', 'draw']) await says(page, panel, 'known');
    await show(page, 12);
    for (const panel of ['guess', 'draw']) await says(page, panel, 'predicted, 3 frames ahead');
    await says(page, 'truth', 'true');
    for (const panel of ['truth', 'guess', 'draw', 'map']) expect(await coloursOf(page, panel)).toBeGreaterThan(50);
    // The hand goes up at first, and down in the end.
    const events = await page.locator('#events button').allTextContents();
    expect(events.length).toBeGreaterThan(0);
    await page.locator('#events button').first().click();
    // In the truth and in the map.
    await page.locator('.box').nth(1).waitFor();
    await says(page, 'truth', 'true');
    await says(page, 'guess', 'predicted, 3 frames ahead');
    expect(said).toEqual([]);
  });

  test('on a slow device it shows the first frame first, then says what it computes and how far it is', async () => {
    const { page, said } = await open();
    let load = () => {};
    const loading = new Promise<void>((done) => (load = done));
    await page.route('**/*.safetensors', (route) => loading.then(() => route.continue()));
    const throttle = await page.context().newCDPSession(page);
    await throttle.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await page.evaluate(`(() => {
      globalThis.steps = [];
      const fact = () => [...document.querySelectorAll('#facts dd')][1]?.textContent;
      const note = () => steps.push(document.querySelector('#doing').textContent + ' / ' + fact());
      new MutationObserver(note).observe(document.querySelector('#doing'), { childList: true });
    })()`);
    await page.setInputFiles('#file', CLIP);
    await says(page, 'truth', 'known');
    expect(await coloursOf(page, 'truth')).toBeGreaterThan(50);
    expect(await page.textContent('#doing')).toBe('Loading the model\u2026');
    for (const panel of ['guess', 'draw']) {
      expect(await page.isVisible(`[data-panel=${panel}] canvas`)).toBe(false);
      expect(await page.textContent(`[data-panel=${panel}] .wait`)).toMatch(/^(waiting for|computing)/);
    }
    load();
    await lookedAt(page, '65 of 65');
    await page.locator('#work.over').waitFor({ state: 'attached' });
    const steps = await page.evaluate<string[]>('steps');
    const begun = (words: RegExp) => steps.findIndex((step) => words.test(step));
    const order = [
      /^Loading/,
      /^Predicting the best guess: frame \d of 8/,
      /^Drawing a sample.*frame \d of 8, \d+% of it/,
      /^Scoring frames/,
    ];
    const starts = order.map(begun);
    expect(starts.every((at) => at >= 0)).toBe(true);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    // All is expected before the first scores, which take turns with the drawn frames.
    expect(steps[starts[2]]).toMatch(/ \/ [12] of \d+ frames$/);
    expect(begun(/^Drawing.*about \d+ (s|min) to go/)).toBeGreaterThan(0);
    expect(said).toEqual([]);
  });

  test('a clip that is dropped is looked at as one that is chosen', async () => {
    const { page } = await open();
    await page.evaluate(`(async () => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([await (await fetch('asl_yes.mkv')).blob()], 'dropped.mkv'));
      const drop = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
      document.querySelector('#open').dispatchEvent(drop);
    })()`);
    await page.getByText(/^\d+ of 65 frames$/).waitFor(LOOKED);
  });

  test('a file of pxv encode is played, frame by frame; one that no browser can repeat is refused', async () => {
    const { clip, other, frames } = await codedClip();
    const { page, said } = await open();
    await page.setInputFiles('#file', other);
    await page.getByText(/^fused\.pxv: the instruction set: .* or write it with --instruction-set portable$/).waitFor();
    await page.setInputFiles('#file', clip);
    await lookedAt(page, '20 of 20');
    await page.getByText(/^\d kB, \d\.\d\d bits per sub-pixel$/).waitFor();
    for (const index of [0, 7, 8, 19]) {
      await show(page, index);
      await page.locator('#when', { hasText: `frame ${index + 1} of 20` }).waitFor();
      expect(await pixelsOf(page, 'truth')).toEqual([...frames[index].data]);
    }
    // From the last frame it begins again.
    await page.click('#play');
    await page.locator('#when', { hasText: /frame [2-9] of 20/ }).waitFor();
    expect(said).toEqual([]);
  });

  test('offences are found where they are: a button without a name, a word on the console, an upload', async () => {
    const { page, said } = await open();
    await page.evaluate("document.querySelector('#camera').textContent = ''");
    expect(await faultsOf(page)).toEqual(['button-name: <button id="camera" type="button"></button>']);
    await page.evaluate("fetch('https://elsewhere.example/', { method: 'POST', body: '' }).catch(() => {})");
    expect(said.join()).toMatch(/Content Security Policy/);
    await page.evaluate("fetch('/', { method: 'POST', body: '' })");
    expect(said).toContain(`POST ${address}`);
  });

  test('by keyboard a frame is shown, and the ones after it are predicted', async () => {
    const { page } = await open();
    await page.focus('#example');
    await page.keyboard.press('Enter');
    await page.getByText('of 65 frames').waitFor();
    await page.focus('#shown');
    await page.keyboard.press('Home');
    for (let press = 0; press < 20; press++) await page.keyboard.press('ArrowRight');
    await page.locator('#when', { hasText: 'frame 21 of 65' }).waitFor();
    await page.focus('#from');
    await page.keyboard.press('Enter');
    await page.focus('#play');
    await page.keyboard.press('Enter');
    await show(page, 21);
    await says(page, 'guess', 'predicted, 1 frame ahead');
    expect(await page.isVisible('#credit')).toBe(true);
  });

  test('of a camera it shows each frame beside the expected one, and at the end the last predicted ones', async () => {
    const { page, said } = await open();
    await page.click('#camera');
    await says(page, 'guess', 'predicted, 1 frame ahead');
    await says(page, 'truth', 'true');
    await page.getByText(/^1[2-9] of \d+ frames$/).waitFor(LOOKED);
    for (const panel of ['truth', 'guess', 'map']) expect(await coloursOf(page, panel)).toBeGreaterThan(50);
    await page.click('#stop');
    await says(page, 'guess', 'predicted, 8 frames ahead');
    expect(said).toEqual([]);
  });

  test('what is no video, and what has no picture, is refused in words; the next clip is taken', async () => {
    const { page, said } = await open();
    await page.setInputFiles('#file', 'README.md');
    await page.getByText('README.md: this is not a readable video file. Try an MP4 or WebM file.').waitFor();
    const sound = join(folder.path, '<b>sound.mp4');
    ffmpeg(['-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'aac', sound]);
    await page.setInputFiles('#file', sound);
    await page.getByText('<b>sound.mp4: there is no video in this file. Try an MP4 or WebM file.').waitFor();
    await page.setInputFiles('#file', CLIP);
    await page.getByText('of 65 frames').waitFor();
    expect(await page.isVisible('#failure')).toBe(false);
    expect(said).toEqual([]);
  });

  test('as static files of any host, in any folder of it, one thread computes, and the page says why', async () => {
    const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
    const host = createServer(({ url }, response) => {
      const path = resolve(site, url!.replace('/some/folder/', '') || 'index.html');
      if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
      response.setHeader('content-type', types[path.split('.').pop()!] ?? 'application/octet-stream');
      return response.end(readFileSync(path));
    });
    await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
    closing.push(() => (host.close(), host.closeAllConnections()));
    const { page, said } = await open({ at: `http://127.0.0.1:${(host.address() as AddressInfo).port}/some/folder/` });
    await page.click('#example');
    await page.getByText('one thread, as the server sends no isolation headers').waitFor();
    await page.getByText(/^[3-9] of 65 frames$/).waitFor(LOOKED);
    expect(said).toEqual([]);
  });
});
