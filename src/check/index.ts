export { checkModel, type ModelCheckSettings, type ScaleFinding } from './check-model.js';
