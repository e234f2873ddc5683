import { pluralize } from '../src/foundation/pluralize.js';
import type { Session } from './session.js';

/**
 * Returns the rows of the page's table about a session, as pairs of name and text: file, resolution, progress, speed
 * and bottleneck.
 */
export function listFacts(session: Session): [name: string, text: string][] {
  const { frames, maps, seconds, source } = session;
  const { width, height } = frames[0] ?? { width: 0, height: 0 };
  const rate = (time: number | null) =>
    time === null ? 'not measured yet' : `${(1 / time).toPrecision(2)} frames per second`;
  const left = source.coverage === null ? '' : `, ${source.coverage}`;
  return [
    ...fileOf(session),
    ['Resolution', `${width}\u00d7${height} pixels${left}`],
    ['Scored', `${Math.min(frames.length, maps.length + 1)} of ${frames.length} frames`],
    ['Scoring', rate(seconds.cost)],
    ['Sampling', rate(seconds.draw)],
    ['Limited by', limitOf(session)],
  ];
}

/** Returns the size of a file of `pxv encode`, in kB and bits per sub-pixel; nothing for other sources. */
function fileOf({ source: { bytes }, frames, isWhole }: Session): [string, string][] {
  if (bytes === undefined) return [];
  if (!isWhole) return [['File', `${frames.length} frames read so far\u2026`]];
  const values = frames.reduce((sum, { data }) => sum + data.length, 0);
  return [['File', `${(bytes / 1000).toFixed(0)} kB, ${((8 * bytes) / values).toFixed(2)} bits per sub-pixel`]];
}

function limitOf({ computing, isLive, seconds }: Session): string {
  if (computing === null) return 'loading of the model';
  // A camera gives a frame every 0.1 s.
  if (isLive && seconds.cost !== null && seconds.cost < 0.09) return 'the camera';
  const { threads, isolated } = computing;
  if (isolated) return `this device, with ${pluralize(threads, 'thread')}`;
  return 'one thread, as the server sends no isolation headers';
}
