import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chooseBackend } from '../../src/backend/choose-backend.js';
import type { Frame } from '../../src/foundation/frame.js';
import { loadModel } from '../../src/model/checkpoint.js';
import { parseModel } from '../../src/model/model.js';
import { resizeModel } from '../../src/model/resize-model.js';
import { servePage } from '../../src/commands/page/serve-page.js';
import { predictClip } from '../../src/commands/predict/predict-clip.js';
import { trainModel } from '../../src/commands/train/train-model.js';
import { runSchema } from '../../src/training/configuration.js';
import { writeFrameArray } from '../../src/video/array-writer.js';
import { streamed } from '../coding/coding.js';
import { ffmpeg, frame, temporaryFolder } from '../video/made-clips.js';
import { seriousFaults } from '../chromium.js';
import { launch, withChromium } from './chromium.js';

const CLIP = 'examples/asl_yes.mkv';
/** Until a training of a few seconds is over, on a slow machine. */
const LEARNED = { timeout: 240_000 };

const folder = temporaryFolder();
afterAll(folder.remove);

/** Small frames in which a square moves over a slope. */
const frames = Array.from({ length: 15 }, (_, at): Frame =>
  frame(16, 12, 3, (x, y, c) => (x >= at - 2 && x < at + 4 && y > 3 ? 200 - 40 * c : 9 * x + 7 * y + 5 * c)),
);
const training = { steps: 6, batch: 4, validations: 3, seed: '3' };

withChromium('learning in the page', () => {
  let browser: Browser;
  let address: string;
  const closing: (() => unknown)[] = [];
  let context: BrowserContext;
  const short = join(folder.path, 'short.mp4');

  beforeAll(async () => {
    ffmpeg(['-i', CLIP, '-frames:v', '15', '-s', '64x48', short]);
    const served = await servePage();
    address = served.address;
    browser = await launch('--use-fake-device-for-media-stream');
    closing.push(served.close, () => browser.close());
  }, 60_000);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });
  // A page that still learns would slow down the next test.
  afterEach(() => context.close());

  async function open({ width = 1280, dark = false, permissions = [] as string[] } = {}) {
    context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme: dark ? 'dark' : 'light',
      permissions,
    });
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', ({ message }) => said.push(message));
    page.on('request', (request) => {
      if (request.method() !== 'GET' || !/^(blob:)?http:\/\/127\.0\.0\.1:/.test(request.url()))
        said.push(`${request.method()} ${request.url()}`);
    });
    await page.goto(address);
    return { page, said };
  }

  /** Waits until all of a video is scored, and learns from it for so many minutes. */
  async function learn(page: Page, minutes: number) {
    await page.evaluate((value) => {
      const { document } = globalThis as unknown as { document: { querySelector(path: string): { value: string } } };
      document.querySelector('#minutes option').value = String(value);
    }, minutes);
    await page.locator('#learn:not([disabled])').waitFor(LEARNED);
    await page.focus('#learn');
    await page.keyboard.press('Enter');
  }

  async function learnFrom(page: Page, clip: string, minutes: number) {
    await page.setInputFiles('#file', clip);
    await learn(page, minutes);
  }

  test('its worker learns the weights of pxv train --from with wasm, bit for bit', async () => {
    const { page } = await open();
    const lesson = { type: 'learn', model: 'video-64', frames, training };
    const given = { ...lesson, frames: frames.map(({ data, ...shape }) => ({ ...shape, data: [...data] })) };
    const { base64, bits } = await page.evaluate(async (request) => {
      interface Message {
        type: string;
        message: string;
        file: Blob;
        validation: { bitsPerDim: number };
      }
      interface Reader {
        result: string;
        onload: (event: unknown) => void;
        readAsDataURL(file: Blob): void;
      }
      const { Worker } = globalThis as unknown as {
        Worker: new (
          url: string,
          options: object,
        ) => { onmessage: (event: { data: Message }) => void; postMessage: (data: object) => void };
      };
      const worker = new Worker('worker.js', { type: 'module' });
      const scores: number[] = [];
      const file = await new Promise<Blob>((resolve, reject) => {
        worker.onmessage = ({ data }) => {
          if (data.type === 'validated') scores.push(data.validation.bitsPerDim);
          else if (data.type === 'learned') resolve(data.file);
          else if (data.type === 'failed') reject(new Error(data.message));
        };
        worker.postMessage({
          ...request,
          frames: request.frames.map((one) => ({ ...one, data: Uint8Array.from(one.data) })),
        });
      });
      const { FileReader } = globalThis as unknown as { FileReader: new () => Reader };
      const reader = new FileReader();
      await new Promise((resolve) => {
        reader.onload = resolve;
        reader.readAsDataURL(file);
      });
      return { base64: reader.result.split(',')[1], bits: scores };
    }, given);

    const clip = join(folder.path, 'clip.npy');
    const out = join(folder.path, 'run');
    await writeFrameArray(clip, streamed(frames));
    await chooseBackend({ instructionSet: 'wasm', threads: 1 });
    const configuration = runSchema.parse({
      model: resizeModel(loadModel('video-64'), frames[0]).description,
      training: { ...training, from: 'video-64' },
      data: { type: 'clips', frames: [clip] },
    });
    await trainModel(out, configuration);
    const learned = parseModel(Buffer.from(base64, 'base64'), 'of the page');
    expect(learned.step).toBeGreaterThan(0);
    expect(learned.weights).toEqual(loadModel(out).weights);
    const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trim().split('\n');
    const validations = log.map((line) => (JSON.parse(line) as { validation?: number }).validation);
    expect(bits).toEqual(validations.filter((value) => value !== undefined));
  });

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
  ])('by one key it learns, shows a curve and a frame before and after, and gives a model: %o', async (how) => {
    const { page, said } = await open(how);
    await learnFrom(page, short, 0.1);
    await page
      .getByText(/^Learning: step \d+.*; about \d+ s to go \(\d+ threads?, about \d+ MiB of memory\)$/)
      .waitFor(LEARNED);
    expect(await page.isDisabled('#learn')).toBe(true);
    expect(await seriousFaults(page)).toEqual([]);
    await page
      .getByText(/^After \d+ steps? the last fifth, .* fewer bits\.$|^Nothing that it learned/)
      .waitFor(LEARNED);
    await page.getByLabel(/^Curve of bits per sub-pixel of the last fifth: \d\.\d+ before/).waitFor();
    for (const name of ['truth', 'draw-before', 'draw-after', 'map-before', 'map-after'])
      expect(await page.isVisible(`[data-compared=${name}] canvas`)).toBe(true);
    expect(await seriousFaults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);

    const downloading = page.waitForEvent('download');
    await page.getByText('Download the model').click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('short.safetensors');
    const path = join(folder.path, download.suggestedFilename());
    await download.saveAs(path);
    await chooseBackend({ threads: 1 });
    const { predicted } = await predictClip(loadModel(path), short, {
      ...{ out: join(folder.path, 'predicted.png'), horizon: 1, forecast: 'best-guess', overwrite: true },
    });
    expect(predicted).toBe(1);
    // It predicts in the page too.
    await page.selectOption('#model', 'learned');
    await page.getByText('of 15 frames').waitFor(LEARNED);
    expect(await page.isVisible('#failure')).toBe(false);
    expect(said).toEqual([]);
  });

  test('a training that is stopped gives what it has learned; a window that is closed asks, and ends it', async () => {
    const { page, said } = await open();
    await learnFrom(page, short, 10);
    await page.getByText(/^Learning: step [2-9]/).waitFor(LEARNED);
    const dialog = page.waitForEvent('dialog');
    const workers = page.workers();
    expect(workers.length).toBeGreaterThan(1);
    await page.close({ runBeforeUnload: true });
    const asked = await dialog;
    expect(asked.type()).toBe('beforeunload');
    await asked.dismiss();
    await page.getByText('Stop learning').click();
    await page.getByText(/^After \d+ steps? the last fifth|^Nothing that it learned/).waitFor(LEARNED);
    expect(await page.isVisible('#download')).toBe(true);
    expect(said).toEqual([]);
    const ended = Promise.all(page.workers().map((worker) => worker.waitForEvent('close')));
    await page.close();
    await ended;
  });

  test('a camera records 20 seconds, says how many, stops by itself, and is learned from', async () => {
    const { page, said } = await open({ permissions: ['camera'] });
    const recording = (seconds: string) =>
      page.locator('#learn', { hasText: new RegExp(`^Recording: ${seconds} of 20 s$`) });
    let load = () => {};
    const loading = new Promise<void>((done) => (load = done));
    await page.route('**/*.safetensors', (route) => loading.then(() => route.continue()));
    await page.click('#camera');
    // The time in which the model loads does not count.
    await recording('0').waitFor(LEARNED);
    await page.waitForTimeout(3000);
    expect(await recording('0').count()).toBe(1);
    load();
    await recording('1\\d').waitFor(LEARNED);
    expect(await page.isDisabled('#learn')).toBe(true);
    await page.locator('#stop').waitFor({ ...LEARNED, state: 'hidden' });
    await page.focus('#shown');
    await page.keyboard.press('End');
    await page.locator('#when', { hasText: /^0:2\d\.\d, frame (\d+) of \1$/ }).waitFor();
    expect(Number(await page.getAttribute('#shown', 'max'))).toBeLessThanOrEqual(200 + 1);
    await learn(page, 10);
    await page.getByText('Learning from Camera').waitFor();
    await page.getByText(/^Learning: step [1-9]/).waitFor(LEARNED);
    expect(said).toEqual([]);
  });

  test('four frames, files that are no clips and a denied camera are refused; the next clip is learned', async () => {
    const { page } = await open();
    const tiny = join(folder.path, 'tiny.mp4');
    ffmpeg(['-i', CLIP, '-frames:v', '4', tiny]);
    await page.click('#camera');
    await page.getByText('Access to the camera was denied.').waitFor();
    const [cut, huge] = ['cut.mp4', 'huge.mp4'].map((name) => join(folder.path, name));
    writeFileSync(cut, readFileSync(short).subarray(0, 2000));
    await page.setInputFiles('#file', cut);
    await page.getByText(/^cut\.mp4: there is no video in this file|^cut\.mp4: this is not a readable video/).waitFor();
    writeFileSync(huge, '');
    truncateSync(huge, 3 * 2 ** 30);
    await page.setInputFiles('#file', huge);
    await page.getByText('huge.mp4: this is not a readable video file').waitFor();
    expect(await page.isDisabled('#learn')).toBe(true);
    await learnFrom(page, tiny, 0.1);
    await page.getByText('learn from a clip: frames: expected 5 at least, received 4; choose a longer clip').waitFor();
    expect(await page.isVisible('#stop-learning')).toBe(false);
    await learnFrom(page, short, 10);
    await page.getByText(/^Learning: step [2-9]/).waitFor(LEARNED);
  });
});
