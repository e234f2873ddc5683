import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorFactory } from './errors.js';

/** What is sent of a path. */
export interface ServedFile {
  type: string;
  content: Uint8Array | string;
}

export interface LoopbackServer {
  /** As a browser opens it, with a slash at the end. */
  address: string;
  /** Ends it, and all connections. */
  close: () => void;
}

const HOST = '127.0.0.1';

/** Of every answer: a page may use threads, and no other page may read it, frame it or have it load anything from elsewhere. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/**
 * Serves files to browsers of this machine, to be read alone.
 *
 * @param port 0: any that is free
 * @param fileAt what is at a path, such as `/` or `/page.css`; null: nothing is
 * @throws PxvError `USAGE` where the port cannot be had
 */
export async function serveOnLoopback(
  port: number,
  fileAt: (path: string) => Promise<ServedFile | null>,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, { type, content }: ServedFile) => {
      const length = Buffer.byteLength(content);
      response.writeHead(status, { ...headers, 'content-type': type, 'content-length': length });
      response.end(request.method === 'HEAD' ? undefined : content);
    };
    const refuse = (status: number, why: string) => send(status, { type: 'text/plain; charset=utf-8', content: why });
    // A page elsewhere whose name was made to mean this machine says that name.
    if (!names.includes(request.headers.host ?? '')) return refuse(403, 'another host was asked for');
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'this is to be read alone');
    const file = await fileAt(request.url!.replace(/[?#].*$/s, ''));
    return file === null ? refuse(404, 'there is nothing here') : send(200, file);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = errorFactory('USAGE', 'serve a page');
      reject(taken('port', 'one that is free', `${port}: ${cause.code}`, 'choose another, or none', { cause }));
    });
    server.listen(port, HOST, resolve);
  });
  const { port: given } = server.address() as AddressInfo;
  const names = [HOST, 'localhost'].map((name) => `${name}:${given}`);
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://${names[0]}/`, close };
}
