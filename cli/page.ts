import { Command } from 'commander';
import type { ParsedOptions } from '../src/options/fields.js';
import { pageFields } from '../src/page/options.js';
import { addAction } from './options.js';
import type { CommandResult, CommandContext } from './action.js';

/** Returns the `page` command, which serves the page of the browser on this machine. */
export function command(): Command {
  const page = new Command('page')
    .description('serve a page that predicts videos and a camera in the browser, to this machine alone')
    .addHelpText('after', HELP);
  return addAction(page, pageFields, serve);
}

const HELP = `
The page looks at a video that is dropped into it, or at the camera: the next frames, beside those that really come,
and where it was surprised. A file of pxv encode --instruction-set portable is played. All of it is computed in the
browser, and nothing is uploaded. It is served until the command is interrupted.

Examples:
  $ pxv page                                           prints the address to open
  $ pxv page --port 8080
  $ npm run build:page                                 in a clone: the same as static files, in build/page

Any host can serve the static files. Threads need two headers there, or one thread computes:
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp`;

async function serve({ signal }: CommandContext, { port }: ParsedOptions<typeof pageFields>): Promise<CommandResult> {
  const { servePage } = await import('../src/page/serve-page.js');
  const { address, close } = await servePage({ port });
  process.stdout.write(`${address}\n`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  close();
  return { text: 'the server has stopped', json: { address } };
}
