import { createRequire } from 'node:module';

// Imported as a module, its text would first be searched for the names that it exports, which takes several times as long as to load it.
const require = createRequire(import.meta.url);

/** TensorFlow.js. */
export const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');

/** Its backend in JavaScript, which brings the kernels that pxv has none of its own for. */
export const { MathBackendCPU } =
  require('@tensorflow/tfjs-backend-cpu') as typeof import('@tensorflow/tfjs-backend-cpu');

/**
 * Registers the gradients of the operations that tfjs-core has itself. It brings none; tfjs-layers does, and takes 0.1 s to load, which
 * nobody waits for who differentiates nothing.
 */
export function loadGradients(): void {
  require('@tensorflow/tfjs-layers');
}
