// What tfjs.ts has, as bundlers for pages find it: package.json, "browser", puts it in the place of that file.
import * as tf from '@tensorflow/tfjs-core';

export { tf };
export { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

/** Nothing is differentiated in a page. */
export function loadGradients(): void {}
