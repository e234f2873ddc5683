import { findMpis } from '../distributed/launched.js';
import { temporaryFolder } from '../video/made-clips.js';
import { linesSaid, type Outcome } from './pxv.js';
import { makeClips, tiny } from './tiny-run.js';

/** A training of a moment, on the clips that are made where it runs. */
const cheap = ['--conditioning', 'previous-frames', '--threads', '1', '--shards', '2'];
export const train = ['train', '--frames', 'clips', '--from', 'none', ...tiny, ...cheap];

/**
 * A folder with clips, and the first MPI of this machine to run ranks with there; `describeHere` skips, with a title
 * that says why, where there is none.
 */
export function ranksHere() {
  const folder = temporaryFolder();
  afterAll(folder.remove);
  beforeAll(() => makeClips(folder.path, 4));
  const mpis = findMpis(folder.path);
  const { title, launch } = mpis.find((mpi) => mpi.launch !== null) ?? mpis[0];
  return {
    folder: folder.path,
    title,
    describeHere: launch === null ? describe.skip : describe,
    inRanks: (size: number, ...args: string[]) => launch!(size, args, folder.path),
  };
}

/** The lines of pxv: those of MPI and its launcher stand beside them. */
export const linesOf = (outcome: Outcome) => linesSaid(outcome).filter((line) => line.startsWith('pxv: '));
