import { errorFactory } from '../foundation/errors.js';
import { barrier, type ProcessGroup } from './process-group.js';

/**
 * Checks that `facts` are equal in all ranks. If not, each rank that differs from the main process throws, and all
 * other ranks wait until such a rank ends the process group.
 * @param operation name of the operation for errors
 * @param facts JSON object
 * @throws PxvError `USAGE` that names the first fact that differs
 */
export async function assertSame(processGroup: ProcessGroup, operation: string, facts: object): Promise<void> {
  if (processGroup.size === 1) return;
  const first = await processGroup.broadcast(facts);
  const difference = firstDifference(first, JSON.parse(JSON.stringify(facts)));
  // The other ranks wait here until a rank that throws has ended them.
  if (difference === null) return barrier(processGroup);
  const [place, expected, received] = difference;
  const remedy = 'start all ranks with the same pxv, options and files, on machines of one kind';
  throw errorFactory('USAGE', operation)(place, `${expected}, as the first rank has`, received, remedy);
}

/**
 * Returns the path of the first difference between two values of JSON, as `configuration.training.batch`, and both
 * values there. Returns null if the values are equal.
 */
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
