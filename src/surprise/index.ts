export { findSurprise, type FindSurpriseOptions, type FoundSurprise } from './find-surprise.js';
