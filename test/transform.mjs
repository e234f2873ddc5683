import { createHash } from 'node:crypto';
import swc from '@swc/jest';

const { process, processAsync, getCacheKey } = swc.createTransformer({
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'es6' },
});

/**
 * Jest runs modules in a context whose global names are looked up by a callback each time they are read, which takes
 * longer than the arithmetic of a loop around them. Each module reads those of its loops once.
 */
const globals = [
  'Math',
  'NaN',
  'Infinity',
  'Number',
  'Array',
  'Float32Array',
  'Float64Array',
  'Int32Array',
  'Uint8Array',
  'Symbol',
];
export const readOnce = `const { ${globals.join(', ')} } = globalThis; `;
const withGlobals = (output) => ({ ...output, code: readOnce + output.code });

/** TypeScript to JavaScript, for tests. */
export default {
  process: (...given) => withGlobals(process(...given)),
  processAsync: async (...given) => withGlobals(await processAsync(...given)),
  getCacheKey: (...given) =>
    createHash('sha256')
      .update(readOnce)
      .update(getCacheKey(...given))
      .digest('hex'),
};
