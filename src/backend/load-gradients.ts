import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Registers the gradients of the operations that tfjs-core has itself. It brings none; tfjs-layers does, and takes 0.1 s to load, which
 * nobody waits for who differentiates nothing.
 */
export function loadGradients(): void {
  require('@tensorflow/tfjs-layers');
}
