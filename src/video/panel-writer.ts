import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Size } from '../foundation/frame.js';
import { writeAtomically } from '../foundation/write-file.js';
import { mapAsync, writeClip, type WriteOptions, type WrittenClip } from './clip-writer.js';
import { encodePng, writePng } from './contact-sheet.js';
import { enlarge } from './enlarge.js';
import { annotateFrame, annotatedSize } from './annotated-frame.js';
import { assertWritablePath, frameFileName, type OutputKind } from './output-kind.js';
import { tilePanels, panelFolder, type TimeStep } from './panels.js';
import { KNOWN_SHOWN, drawPredictionSheet } from './prediction-sheet.js';

export interface PanelWriteOptions extends WriteOptions {
  scale: number;
  /** Whether films and sheets hold the bare frames, without labels, borders and numbers. A folder always does. */
  plain?: boolean | undefined;
}

/** A scale at which what is written beside frames of this size can be read, where there is any such thing. */
export function legibleScale(kind: OutputKind, { width }: Size, plain: boolean): number {
  if (plain || kind === 'folder') return 1;
  return Math.ceil((kind === 'png' ? 96 : 192) / width);
}

/** The size of a frame of a film of so many panels. @param frame of a panel, before it is enlarged */
export function videoFrameSize(panels: number, frame: Size, scale: number, plain: boolean): Size {
  if (!plain) return annotatedSize(panels, frame, scale);
  return { width: panels * frame.width * scale, height: frame.height * scale };
}

/**
 * Writes a prediction as its name asks for: a film or a contact sheet that explains what it shows, or a folder that holds
 * one for each panel, whose frames are numbered as in the clip. It appears whole or not at all, and takes the place of an
 * earlier one. Time steps are taken as they are needed.
 * @throws {PxvError} as `writeClip`
 */
export async function writePanels(
  path: string,
  steps: AsyncIterable<TimeStep>,
  options: PanelWriteOptions,
): Promise<WrittenClip> {
  const { scale, plain = false } = options;
  const kind = await assertWritablePath(path);
  if (kind === 'folder') return writeFolders(path, steps, options);
  if (plain) return writeClip(path, mapAsync(steps, tilePanels), options);
  if (kind === 'png') return writeSheet(path, steps, options);
  const explained = mapAsync(steps, (step) => annotateFrame(step, scale));
  return writeClip(path, explained, { ...options, scale: 1 });
}

async function writeSheet(
  path: string,
  steps: AsyncIterable<TimeStep>,
  { scale, confirm }: PanelWriteOptions,
): Promise<WrittenClip> {
  const shown: TimeStep[] = [];
  for await (const step of steps) {
    shown.push(step);
    // Of a long clip, no more is held than is drawn.
    if (!step.predicted && shown.length > KNOWN_SHOWN) shown.shift();
  }
  const bytes = await writePng(path, await drawPredictionSheet(shown, scale), { confirm });
  return { path, frames: shown.length, bytes };
}

async function writeFolders(
  path: string,
  steps: AsyncIterable<TimeStep>,
  { scale, confirm }: PanelWriteOptions,
): Promise<WrittenClip> {
  const written = { path, frames: 0, bytes: 0 };
  const make = async (temporary: string): Promise<void> => {
    await mkdir(temporary);
    for await (const { index, panels } of steps) {
      written.frames++;
      for (const panel of panels) {
        if (panel.frame === null) continue;
        const folder = join(temporary, panelFolder(panel));
        await mkdir(folder, { recursive: true });
        const png = await encodePng(enlarge(panel.frame, scale));
        await writeFile(join(folder, frameFileName(index)), png);
        written.bytes += png.length;
      }
    }
  };
  await writeAtomically(path, make, { confirm });
  return written;
}
