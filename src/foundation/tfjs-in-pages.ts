// Replaces tfjs.ts in bundles for pages: see "browser" in package.json.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';

export { tf };
export { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/** Does nothing, in place of `loadGradients` of tfjs.ts: the bundle has registered the gradients. */
export function loadGradients(): void {}
