import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isClone } from '../../foundation/build-command.js';
import { errorFactory } from '../../foundation/errors.js';
import { serveOnLoopback, type LoopbackServer, type ServedFile } from '../../foundation/loopback-server.js';
import { packageFolder } from '../../foundation/package-folder.js';
import { pageFields } from './options.js';
import { parseOptions, type OptionsOf } from '../../foundation/option-fields.js';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.mkv': 'video/x-matroska',
};

/** Files of the page's bundle in `dist/page`, which `scripts/build-page.mjs` makes. */
const bundle = ['index.html', 'page.css', 'icon.svg', 'main.js', 'worker.js', 'licences.txt'];

/** Options for `servePage`. @interface */
export type ServePageOptions = OptionsOf<typeof pageFields>;

/**
 * Serves the web page that predicts in the browser, on the loopback interface alone, until the result is closed.
 * @throws PxvError `USAGE` if the port cannot be opened, `DEPENDENCY` if the page was not built
 */
export async function servePage(options: ServePageOptions = {}): Promise<LoopbackServer> {
  const { port } = parseOptions('serve a page', pageFields, options);
  const folder = join(packageFolder(), 'dist', 'page');
  const beside = JSON.parse(await readBuilt(join(folder, 'beside.json'))) as Record<string, string>;
  const files = new Map<string, string>(bundle.map((name) => [`/${name}`, join(folder, name)]));
  for (const [name, path] of Object.entries(beside)) files.set(`/${name}`, join(packageFolder(), path));
  return serveOnLoopback(port, async (path): Promise<ServedFile | null> => {
    const file = files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) return null;
    return { type: types[extname(file)] ?? 'application/octet-stream', content: await readFile(file) };
  });
}

async function readBuilt(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const remedy = isClone() ? 'run: npm run build' : 'install pxv again';
    throw errorFactory('DEPENDENCY', 'serve a page')('page', 'one that was built', `no ${path}`, remedy, { cause });
  }
}
