import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../foundation/make-folder.js';
import { writeFileAtomically, writeFailure } from '../foundation/write-file.js';

/** The folder of a run in which each validation that drew something leaves a sheet of it: `400.png` of step 400. */
export class SampleSheets {
  constructor(readonly folder: string) {}

  /** Steps of which there is a sheet, the first one first. */
  get steps(): number[] {
    if (!existsSync(this.folder)) return [];
    const found = readdirSync(this.folder).flatMap((name) => /^(\d{1,15})\.png$/.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => a - b);
  }

  pathOf(step: number): string {
    return join(this.folder, `${step}.png`);
  }

  /** Writes the sheet of a step. @throws PxvError `OUTPUT` where it cannot be written */
  write(step: number, png: Uint8Array): void {
    try {
      makeFolder(this.folder);
    } catch (cause) {
      throw writeFailure(this.folder, cause);
    }
    writeFileAtomically(this.pathOf(step), [png]);
  }

  /** Removes the sheets of later steps, so that a resumed training's are as if it had never stopped. */
  cut(step: number): void {
    for (const later of this.steps) if (later > step) rmSync(this.pathOf(later), { force: true });
  }

  /** Removes all sheets, and the folder where nothing else is in it. */
  clear(): void {
    this.cut(-1);
    if (existsSync(this.folder) && readdirSync(this.folder).length === 0) rmdirSync(this.folder);
  }
}
