import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../foundation/make-folder.js';
import { attemptWrite, writeFileAtomically } from '../foundation/write-file.js';

/** Folder of the samples of a run: one image for each validation that drew samples, such as `400.png` for step 400. */
export class SampleSheets {
  constructor(readonly folder: string) {}

  /** Steps that have a sheet, in ascending order. */
  get steps(): number[] {
    if (!existsSync(this.folder)) return [];
    const found = readdirSync(this.folder).flatMap((name) => /^(\d{1,15})\.png$/.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => a - b);
  }

  /** Returns the path of the sheet of a step. */
  pathOf(step: number): string {
    return join(this.folder, `${step}.png`);
  }

  /** Writes the sheet of a step, atomically. @throws PxvError `OUTPUT` if the sheet cannot be written */
  write(step: number, png: Uint8Array): void {
    attemptWrite(this.folder, () => makeFolder(this.folder));
    writeFileAtomically(this.pathOf(step), [png]);
  }

  /** Removes the sheets of all steps after `step`, so that a resumed training leaves no outdated sheets. */
  cut(step: number): void {
    for (const later of this.steps) if (later > step) rmSync(this.pathOf(later), { force: true });
  }

  /** Removes all sheets, and the folder if it is then empty. */
  clear(): void {
    this.cut(-1);
    if (existsSync(this.folder) && readdirSync(this.folder).length === 0) rmdirSync(this.folder);
  }
}
