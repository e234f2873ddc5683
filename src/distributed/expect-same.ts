import { errorsOf } from '../foundation/errors.js';
import { barrier, type Ranks } from './ranks.js';

/**
 * Refuses to go on where a rank has other facts than the first: it throws there, and nobody else comes past.
 * @param facts values of JSON
 * @throws PxvError `USAGE` in those ranks, with the first fact that is another
 */
export async function expectSame(ranks: Ranks, operation: string, facts: object): Promise<void> {
  if (ranks.size === 1) return;
  const first = await ranks.broadcast(facts);
  const difference = firstDifference(first, JSON.parse(JSON.stringify(facts)));
  // The others wait here until one that refuses has ended them.
  if (difference === null) return barrier(ranks);
  const [place, expected, received] = difference;
  const remedy = 'start all ranks with the same pxv, options and files, on machines of one kind';
  throw errorsOf('USAGE', operation)(place, `${expected}, as the first rank has`, received, remedy);
}

/** Where two values of JSON differ first, as `configuration.training.batch`, and what they are there; null: nowhere. */
function firstDifference(a: unknown, b: unknown, place = ''): [string, string, string] | null {
  if (a === b) return null;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return [place, JSON.stringify(a) ?? 'nothing', JSON.stringify(b) ?? 'nothing'];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [inA, inB] = [a, b].map((object) => (object as Record<string, unknown>)[key]);
    const difference = firstDifference(inA, inB, place === '' ? key : `${place}.${key}`);
    if (difference !== null) return difference;
  }
  return null;
}
