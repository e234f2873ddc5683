export { findSurprise, type FindSurpriseOptions, type SurpriseResult } from './find-surprise.js';
