export type { TimelineRow } from './search-checkpoint.js';
export { findSurprise, type FindSurpriseOptions, type SurpriseResult } from './find-surprise.js';
