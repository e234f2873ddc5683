import { join } from 'node:path';
import type { Size } from '../foundation/frame.js';
import { writeAtomically } from '../foundation/write-file.js';
import { writeSampleArray } from './array-writer.js';
import { mapAsync, writeClip, type WriteOptions, type WrittenClip } from './clip-writer.js';
import { writePng } from './contact-sheet.js';
import { assertWritablePath, frameFileName, type OutputKind } from './output-kind.js';
import { annotateFrame, annotatedSize, panelFolder, tilePanels, type TimeStep } from './panels.js';
import { MAX_KNOWN_FRAMES, drawPredictionSheet } from './prediction-sheet.js';

/** Options for writing the panels of a prediction. */
export interface PanelWriteOptions extends WriteOptions {
  /** Output pixels per pixel of a frame, an integer. */
  scale: number;
  /**
   * True to write bare frames, without labels, borders and numbers, to videos and sheets: panels side by side. Folders
   * and arrays always hold bare frames. Default: false.
   */
  plain?: boolean | undefined;
}

/**
 * Returns the smallest whole scale at which labels beside frames are legible: a scaled width of at least 96 pixels on a
 * sheet, 192 in a video. Returns 1 for folders and arrays, and if `plain` is true, as nothing is labelled.
 * @param plain true for output without labels: see `PanelWriteOptions`
 */
export function legibleScale(kind: OutputKind, { width }: Size, plain: boolean): number {
  if (plain || kind === 'folder' || kind === 'npy') return 1;
  return Math.ceil((kind === 'png' ? 96 : 192) / width);
}

/**
 * Returns the size in pixels of the frames that `writePanels` makes for a video. With `plain`, .mp4 and .webm files
 * then have odd sides padded to even ones.
 * @param panels number of panels
 * @param frame size of a panel's frame, before scaling
 * @param scale output pixels per pixel of a panel's frame
 * @param plain true for frames without labels and borders
 */
export function videoFrameSize(panels: number, frame: Size, scale: number, plain: boolean): Size {
  if (!plain) return annotatedSize(panels, frame, scale);
  return { width: panels * frame.width * scale, height: frame.height * scale };
}

/**
 * Writes a prediction as a video, contact sheet, array or folder, chosen by the name of `path` (see `outputKind`).
 * Videos and sheets have labelled panels, unless `plain` is set. A folder has one folder per panel, with frames
 * numbered as in the clip. An array holds the predicted panels (see `writeSampleArray`). Replaces an existing output
 * atomically. Pulls `steps` on demand, with backpressure.
 * @throws PxvError as `writeClip`
 */
export async function writePanels(
  path: string,
  steps: AsyncIterable<TimeStep>,
  options: PanelWriteOptions,
): Promise<WrittenClip> {
  const { scale, plain = false, confirm } = options;
  const kind = await assertWritablePath(path);
  if (kind === 'folder') return writeFolders(path, steps, options);
  if (kind === 'npy') {
    const write = (temporary: string) => writeSampleArray(temporary, steps, scale);
    return { path, ...(await writeAtomically(path, write, { confirm })) };
  }
  if (plain) return writeClip(path, mapAsync(steps, tilePanels), options);
  if (kind === 'png') return writeSheet(path, steps, options);
  const explained = mapAsync(steps, (step) => annotateFrame(step, scale));
  return writeClip(path, explained, { ...options, scale: 1 });
}

async function writeSheet(path: string, steps: AsyncIterable<TimeStep>, { scale, confirm }: PanelWriteOptions) {
  const shown: TimeStep[] = [];
  for await (const step of steps) {
    shown.push(step);
    // Only the known frames that the sheet shows are held in memory.
    if (!step.predicted && shown.length > MAX_KNOWN_FRAMES) shown.shift();
  }
  const bytes = await writePng(path, await drawPredictionSheet(shown, scale), { confirm });
  return { path, frames: shown.length, bytes };
}

/** Writes each panel's frames to a folder of the panel. */
async function writeFolders(path: string, steps: AsyncIterable<TimeStep>, options: PanelWriteOptions) {
  const files: string[] = [];
  let count = 0;
  async function* frames() {
    for await (const { index, panels } of steps) {
      count++;
      for (const panel of panels) {
        if (panel.frame === null) continue;
        files.push(join(panelFolder(panel), frameFileName(index)));
        yield panel.frame;
      }
    }
  }
  const written = await writeClip(path, frames(), { ...options, fileOf: (at) => files[at] });
  return { ...written, frames: count };
}
