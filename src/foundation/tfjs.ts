import { createRequire } from 'node:module';

// With `import`, Node.js would first scan the package's text for exported names, which takes several times as long as
// loading it.
const require = createRequire(import.meta.url);

/** Module @tensorflow/tfjs-core. */
export const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');

/** CPU backend of TensorFlow.js in JavaScript, whose kernels run all operations for which pxv has no native kernel. */
export const { MathBackendCPU } =
  require('@tensorflow/tfjs-backend-cpu') as typeof import('@tensorflow/tfjs-backend-cpu');

/**
 * Registers the gradients of tfjs-core's operations, which tfjs-layers brings. Loading takes 0.1 s, so only code that
 * differentiates calls this.
 */
export function loadGradients(): void {
  require('@tensorflow/tfjs-layers');
}
