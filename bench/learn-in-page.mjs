// Learns from a clip in the page of `pxv page`, in Chromium without a window, then by `pxv train --from` on the frames
// of the page for as many steps. Prints for both bits/dim of the last fifth before and after, and of the page the
// largest memory of its process and the memory that it said.
//
// usage: node bench/learn-in-page.mjs CLIP MINUTES [INSTRUCTION_SET]    of the command; default: the machine's
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { loadModel, servePage } from '../dist/src/index.js';
import { formatNpyHeader } from '../dist/src/foundation/npy.js';
import { resizeModel } from '../dist/src/model/resize-model.js';
import { parseArguments } from './arguments.mjs';

const [clip, minutes, instructionSet] = parseArguments({ positionals: [2, 3] }).positionals;
const folder = mkdtempSync(join(tmpdir(), 'learn-in-page-'));
const served = await servePage();
const executablePath = process.env.PXV_CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage();
const waiting = { timeout: 0 };

// Keeps what the page and its worker of the training say to each other.
await page.addInitScript(() => {
  globalThis.lesson = { validations: [], steps: 0 };
  globalThis.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data.type === 'validated') globalThis.lesson.validations.push(data.validation);
        if (data.type === 'stepped') globalThis.lesson.steps = data.progress.step;
        if (data.type === 'learning') globalThis.lesson.memoryBytes = data.memoryBytes;
      });
    }
    postMessage(data, ...more) {
      if (data.type === 'learn') Object.assign(globalThis.lesson, { frames: data.frames, training: data.training });
      super.postMessage(data, ...more);
    }
  };
});
await page.goto(served.address);
await page.setInputFiles('#file', clip);
await page.evaluate((value) => (document.querySelector('#minutes option').value = value), minutes);
await page.locator('#learn:not([disabled])').waitFor(waiting);
const session = await browser.newBrowserCDPSession();
let most = 0;
const watch = setInterval(async () => {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo').catch(() => ({ processInfo: [] }));
  const bytes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => residentBytes(id));
  most = Math.max(most, ...bytes);
}, 200);
await page.click('#learn');
await page.locator('#download:not([hidden])').waitFor(waiting);
clearInterval(watch);

const { validations, steps, memoryBytes, training } = await page.evaluate(() => ({ ...lesson, frames: null }));
const { shape, data } = await page.evaluate(() => {
  const { frames } = lesson;
  const [{ height, width, channels }] = frames;
  const bytes = frames.flatMap((frame) => [...frame.data]);
  return { shape: [frames.length, height, width, channels], data: bytes };
});
await browser.close();
await served.close();
const frames = join(folder, 'frames.npy');
writeFileSync(frames, Buffer.concat([formatNpyHeader(shape), Buffer.from(data)]));

const [count, height, width] = shape;
const describe = (name, bits) => {
  const best = Math.min(...bits);
  const fewer = (100 * (1 - best / bits[0])).toFixed(2);
  return `${name}: ${bits[0].toFixed(4)} -> ${best.toFixed(4)} bits/dim, ${fewer}% fewer`;
};
const MiB = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
console.log(`${count} frames of ${width}x${height}, ${steps} steps, ${validations.length} validations`);
console.log(`memory of the page: ${MiB(most)} at most, ${MiB(memoryBytes)} estimated`);
const ofPage = validations.map(({ bitsPerDim }) => bitsPerDim);
console.log(describe('page', ofPage));

const size = { width, height };
const configuration = join(folder, 'configuration.json');
writeFileSync(
  configuration,
  JSON.stringify({
    model: resizeModel(loadModel('video-64'), size).description,
    training: { ...training, from: 'video-64', steps, minutes: null },
    data: { type: 'clips', frames: [frames] },
  }),
);
const run = join(folder, 'run');
const asked = ['train', '--config', configuration, '--out', run];
const settings = instructionSet ? ['--instruction-set', instructionSet] : [];
execFileSync(process.execPath, ['dist/cli/main.js', ...asked, ...settings, '--quiet'], { stdio: 'inherit' });
const log = readFileSync(join(run, 'log.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const ofCommand = log.filter(({ validation }) => validation !== undefined).map(({ validation }) => validation);
rmSync(folder, { recursive: true });

console.log(describe('pxv train', ofCommand));
process.exit();

/** Resident memory of a process in bytes; 0 once it has ended. */
function residentBytes(id) {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))[1]);
  } catch {
    return 0;
  }
}
