import { build, type BuildFailure } from 'esbuild';
import { readFileSync } from 'node:fs';
import { slowTest } from '../extent.js';

/**
 * Bundles a program for browsers. Returns the files that are reachable, and the bytes of the bundle. It fails at a
 * module of Node.js.
 */
async function bundled(contents: string): Promise<{ inputs: string[]; bytes: number }> {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    ...{ bundle: true, platform: 'browser', format: 'esm', minify: true, write: false, metafile: true },
    logLevel: 'silent',
  });
  return { inputs: Object.keys(metafile.inputs), bytes: outputFiles[0].contents.length };
}

/** Modules of Node.js that the packages below ask for only there, and that their manifests leave out for browsers. */
const LEFT_OUT = ['(disabled):crypto', '(disabled):node_modules/node-fetch/browser.js', '(disabled):util'];
const forFiles = /node_modules\/(sharp|ffmpeg-static|@ffmpeg-installer|tar|@tensorflow\/tfjs-layers)\//;

slowTest('the entry for browsers reaches no module of Node.js, nor what reads files and films', async () => {
  const { inputs, bytes } = await bundled("export * from './src/browser/index.js';");
  expect(inputs.filter((path) => path.startsWith('(disabled)')).sort()).toEqual(LEFT_OUT);
  expect(inputs.filter((path) => forFiles.test(path))).toEqual([]);
  expect(inputs).toContain('src/sampling/forecaster.ts');
  expect(inputs).toContain('src/training/training-loop.ts');
  expect(bytes).toBeLessThan(1.1e6);
});

test('the search finds a module of Node.js where there is one', async () => {
  const failure = (await bundled("export * from './src/model/checkpoint.js';").catch(
    (error: unknown) => error,
  )) as BuildFailure;
  expect(failure.errors.map(({ text }) => text)).toContain('Could not resolve "node:fs"');
});

test('the manifest leads to the entry, to the module of WebAssembly and to the models', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  expect(exports['./browser']).toEqual({
    types: './dist/src/browser/index.d.ts',
    default: './dist/src/browser/index.js',
  });
  expect(import.meta.resolve('pxv/wasm/pxv.wasm')).toMatch(/\/wasm\/pxv\.wasm$/);
  expect(import.meta.resolve('pxv/models/video-64.safetensors')).toMatch(/\/models\/video-64\.safetensors$/);
});
