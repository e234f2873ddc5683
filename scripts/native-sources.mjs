// The C++ that serves every instruction set and every host, a path a line: for binding.gyp, and for the build of
// WebAssembly.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ofHosts = ['native/addon.cc', 'native/wasm.cc'];

export const sources = ['native', 'native/engine', 'native/kernels']
  .flatMap((folder) => readdirSync(new URL(`../${folder}`, import.meta.url)).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.cc') && !ofHosts.includes(path))
  .sort();

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(sources.join('\n'));
