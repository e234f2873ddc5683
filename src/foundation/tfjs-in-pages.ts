// Replaces tfjs.ts in bundles for pages: see "browser" in package.json.
import * as tf from '@tensorflow/tfjs-core';

export { tf };
export { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/** Does nothing, in place of `loadGradients` of tfjs.ts: a web page computes no gradients. */
export function loadGradients(): void {}
