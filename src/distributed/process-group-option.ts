import { z } from 'zod';
import type { ProcessGroup } from './process-group.js';

/** Schema of an optional process group. Any object with a key `broadcast` is accepted. */
export const processGroup = z
  .custom<ProcessGroup>(
    (value) => typeof value === 'object' && value !== null && 'broadcast' in value,
    'expected a process group',
  )
  .optional();
