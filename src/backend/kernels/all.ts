/** All kernel files, a line for each. */
export * from './block-matching.js';
export * from './convolution.js';
export * from './cross-entropy.js';
export * from './earlier-pixels.js';
export * from './element-wise.js';
export * from './encoding.js';
export * from './gru.js';
export * from './local-regression.js';
export * from './logistic-mixture.js';
export * from './lstm.js';
export * from './mat-mul.js';
export * from './motion-extrapolation.js';
export * from './motion-trajectory.js';
export * from './optimisers.js';
export * from './template-matching.js';
export * from './warped-mixture.js';
