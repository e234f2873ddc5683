import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Frame } from '../../src/foundation/frame.js';
import { annotateFrame, background, known, predicted, type Panel, type TimeStep } from '../../src/video/panels.js';
import { videoFrameSize, legibleScale, writePanels } from '../../src/video/panel-writer.js';
import { drawPredictionSheet } from '../../src/video/prediction-sheet.js';
import { frame, temporaryFolder } from './made-clips.js';

const folder = temporaryFolder();
afterAll(folder.remove);
const at = (...parts: string[]) => join(folder.path, ...parts);
const frameRate = { numerator: 10, denominator: 1 };

/** One level for each frame and panel, so that a frame is known where it is drawn. */
const levelOf = (index: number, panel: number) => 10 + 8 * index + panel;
const flat = (level: number, width = 16, height = 12, channels: 1 | 3 = 1) =>
  frame(width, height, channels, () => level);

/** A prediction of `next` frames after `before` known ones, with a truth that ends one frame before. */
function prediction(before: number, next: number, draw = flat): TimeStep[] {
  return Array.from({ length: before + next }, (_, index) => {
    const future = index >= before;
    const truth: Panel = { label: 'truth', frame: draw(levelOf(index, 0)), predicted: false };
    if (index === before + next - 1) truth.frame = null;
    const samples = [1, 2].map((n) => ({
      label: `sample ${n}`,
      frame: draw(levelOf(index, future ? n : 0)),
      predicted: future,
    }));
    return { index, predicted: future, panels: [truth, ...samples] };
  });
}
const lastKnown = prediction(6, 3)[5];
const firstPredicted = prediction(6, 3)[6];
const last = prediction(6, 3)[8];

const pixel = ({ width, channels, data }: Frame, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * channels, (y * width + x + 1) * channels));

/** How many pixels of a picture have a colour. */
function count(picture: Frame, colour: readonly number[]): number {
  let found = 0;
  for (let i = 0; i < picture.width * picture.height; i++) {
    if (colour.every((level, c) => picture.data[3 * i + c] === level)) found++;
  }
  return found;
}

async function* later(steps: readonly TimeStep[]) {
  for (const step of steps) yield await Promise.resolve(step);
}

describe('a frame that explains itself', () => {
  test('holds every pixel of its panels, enlarged, in their order', async () => {
    const picture = await annotateFrame(firstPredicted, 4);
    [0, 1, 2].forEach((panel) => {
      const level = levelOf(6, panel);
      expect(count(picture, [level, level, level])).toBe(16 * 12 * 4 * 4);
    });
    const row = Array.from({ length: picture.width }, (_, x) => pixel(picture, x, picture.height / 2)[0]);
    const order = [0, 1, 2].map((panel) => row.indexOf(levelOf(6, panel)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('changes the colour of a panel where its prediction begins, and never that of the truth', async () => {
    const before = await annotateFrame(lastKnown, 4);
    const after = await annotateFrame(firstPredicted, 4);
    const border = (picture: Frame, panel: number) => {
      const step = (picture.width - 2) / 3;
      return pixel(picture, Math.round(2 + panel * step), picture.height / 2);
    };
    expect([0, 1, 2].map((panel) => border(before, panel))).toEqual([known, known, known]);
    expect([0, 1, 2].map((panel) => border(after, panel))).toEqual([known, predicted, predicted]);
    expect(count(before, predicted)).toBe(0);
  });

  test('has the same size at every time, and even sides of its borders', async () => {
    const sizes = await Promise.all([lastKnown, firstPredicted, last].map((step) => annotateFrame(step, 3)));
    const { width, height } = sizes[0];
    const [shown] = lastKnown.panels;
    expect(videoFrameSize(lastKnown.panels.length, shown.frame!, 3, false)).toEqual({ width, height });
    expect(new Set(sizes.map(({ width, height }) => `${width}x${height}`)).size).toBe(1);
  });

  test('shows nothing in the place of the truth where the clip has ended', async () => {
    const picture = await annotateFrame(last, 4);
    expect(count(picture, background)).toBeGreaterThan(16 * 12 * 4 * 4);
  });

  test.each([
    [1, 1],
    [3, 40],
    [16, 9],
  ])('can be drawn of frames of %ix%i at scale 1, where hardly a letter fits', async (width, height) => {
    const steps = prediction(5, 2, (level) => flat(level, width, height));
    const picture = await annotateFrame(steps[5], 1);
    const level = levelOf(5, 2);
    expect(count(picture, [level, level, level])).toBe(width * height);
    expect((await drawPredictionSheet(steps, 1)).width).toBeGreaterThan(0);
  });
});

describe('a contact sheet of a prediction', () => {
  test('shows the last four known frames, and each panel of each predicted one', async () => {
    const sheet = await drawPredictionSheet(prediction(6, 3), 2);
    const shown = (level: number) => count(sheet, [level, level, level]) === 16 * 12 * 2 * 2;
    const knownShown = Array.from({ length: 6 }, (_, index) => shown(levelOf(index, 0)));
    expect(knownShown).toEqual([false, false, true, true, true, true]);
    expect([6, 7].map((index) => [0, 1, 2].map((panel) => shown(levelOf(index, panel))))).toEqual([
      [true, true, true],
      [true, true, true],
    ]);
    expect([1, 2].map((panel) => shown(levelOf(8, panel)))).toEqual([true, true]);
  });

  test('has a line from top to bottom where the prediction begins, right of all known frames', async () => {
    const sheet = await drawPredictionSheet(prediction(6, 3), 2);
    const columns = Array.from({ length: sheet.width }, (_, x) => x);
    const lines = columns.filter((x) =>
      [0, 0.3, 0.6, 0.9].every((part) => pixel(sheet, x, Math.floor(part * sheet.height)).join() === predicted.join()),
    );
    expect(lines.length).toBeGreaterThanOrEqual(2);
    const isAt = (level: number) =>
      columns.filter((x) =>
        Array.from({ length: sheet.height }, (_, y) => pixel(sheet, x, y)).some((colour) =>
          colour.every((value) => value === level),
        ),
      );
    expect(Math.max(...isAt(levelOf(5, 0)))).toBeLessThan(lines[0]);
    expect(Math.min(...isAt(levelOf(6, 1)))).toBeGreaterThan(lines[0]);
  });

  test('goes on in further rows where the future is long', async () => {
    const short = await drawPredictionSheet(prediction(4, 12), 1);
    const long = await drawPredictionSheet(prediction(4, 24), 1);
    expect(long.width).toBe(short.width);
    expect(long.height).toBeGreaterThan(1.8 * short.height);
  });
});

describe('a prediction, written', () => {
  test('as a folder has one of the bare frames for each panel, numbered as in the clip', async () => {
    const steps = prediction(2, 2).slice(1);
    expect(await writePanels(at('panels'), later(steps), { frameRate, scale: 2 })).toMatchObject({ frames: 3 });
    expect(readdirSync(at('panels')).sort()).toEqual(['sample-1', 'sample-2', 'truth']);
    expect(readdirSync(at('panels', 'truth'))).toEqual(['00001.png', '00002.png']);
    expect(readdirSync(at('panels', 'sample-2'))).toEqual(['00001.png', '00002.png', '00003.png']);
    const { data, info } = await sharp(at('panels', 'sample-2', '00003.png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, data[0]]).toEqual([32, 24, levelOf(3, 2)]);
    // Such a folder may be replaced; one with anything else may not.
    await writePanels(at('panels'), later(steps), { frameRate, scale: 1 });
    await writePanels(at('panels', 'truth', 'notes'), later(steps), { frameRate, scale: 1 });
    await expect(writePanels(at('panels'), later(steps), { frameRate, scale: 1 })).rejects.toThrow(
      /received one with truth\/notes;/,
    );
  });

  test('plain is the bare frames side by side, black where the truth has ended', async () => {
    await writePanels(at('plain.png'), later(prediction(0, 2)), { frameRate, scale: 1, plain: true });
    const { data, info } = await sharp(at('plain.png')).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
    // Two frames of three panels, with two pixels around each.
    expect([info.width, info.height]).toEqual([2 * (3 * 16 + 2) + 2, 12 + 4]);
    const levels = [0, 16, 32, 50, 66, 82].map((x) => data[2 * info.width + 2 + x]);
    expect(levels).toEqual([levelOf(0, 0), levelOf(0, 1), levelOf(0, 2), 0, levelOf(1, 1), levelOf(1, 2)]);
  });

  test('is enlarged until its labels can be read, unless it is plain', () => {
    const size = { width: 64, height: 48 };
    expect(legibleScale('gif', size, false)).toBe(3);
    expect(legibleScale('png', size, false)).toBe(2);
    expect([legibleScale('gif', size, true), legibleScale('folder', size, false)]).toEqual([1, 1]);
    expect(legibleScale('mp4', { width: 640, height: 480 }, false)).toBe(1);
  });
});
