import { Command } from 'commander';
import { pageFields } from '../src/commands/page/options.js';
import { addAction, type Action } from './options.js';

/** Returns the `page` command, which serves the web page that predicts in the browser, to this machine alone. */
export function createCommand(): Command {
  const page = new Command('page')
    .description('serve a page that predicts videos and a camera in the browser, to this machine alone')
    .addHelpText('after', HELP);
  return addAction(page, pageFields, serve);
}

const HELP = `
Drop a video into the page, or use the camera: the page shows the predicted frames beside the true ones, and
anomalies. It can learn from the video for some minutes, as pxv train --from does; pxv predict --model takes the
model that it saves. It also plays files of pxv encode --instruction-set portable. The browser computes everything,
and nothing is uploaded. The page is served until the command is interrupted.

Examples:
  $ pxv page                                           prints the address to open
  $ pxv page --port 8080
  $ npm run build:page                                 in a clone: the page as static files, in build/page

Any host can serve the static files. To use several threads, it must send two headers:
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp`;

const serve: Action<typeof pageFields> = async ({ signal }, { port }) => {
  const { servePage } = await import('../src/commands/page/serve-page.js');
  const { address, close } = await servePage({ port });
  process.stdout.write(`${address}\n`);
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  close();
  return { text: 'the server has stopped', json: { address } };
};
