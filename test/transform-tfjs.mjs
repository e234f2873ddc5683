import { createHash } from 'node:crypto';
import { readOnce } from './transform.mjs';

/**
 * tfjs as it is, but for globals that are read once: its own backend is some times as fast so, and tests compare with
 * it.
 */
export default {
  process: (source) => ({ code: readOnce + source }),
  getCacheKey: (source) => createHash('sha256').update(readOnce).update(source).digest('hex'),
};
