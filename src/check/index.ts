export type { CheckProgress } from './finding.js';
export { checkModel, type ModelCheckSettings, type ScaleFinding } from './check-model.js';
