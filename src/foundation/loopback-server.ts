import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorFactory } from './errors.js';

/** Response to a request for a path: MIME type (`type`) and content. */
export interface ServedFile {
  type: string;
  content: Uint8Array | string;
}

/** HTTP server on 127.0.0.1. @inline */
export interface LoopbackServer {
  /** URL of the server, with a slash at the end. */
  address: string;
  /** Stops the server and closes all connections. */
  close: () => void;
}

const HOST = '127.0.0.1';

/**
 * Headers of every response. Cross-origin isolation lets pages use threads and load nothing from elsewhere; other
 * origins can neither read nor frame a page.
 */
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
 * Serves files, read-only, over HTTP to browsers on this machine, until the result is closed. Resolves once requests
 * are accepted.
 * @param port TCP port; 0: any free port
 * @param fileAt returns the file at a path such as `/` or `/page.css`, without a query, or null if there is none
 * @throws PxvError `USAGE` if the port is not available
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
    // DNS rebinding: a page of another origin whose name resolves to this machine sends that name as Host.
    if (!names.includes(request.headers.host ?? '')) return refuse(403, 'unknown Host header');
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only GET and HEAD are served');
    const file = await fileAt(request.url!.replace(/[?#].*$/s, ''));
    return file === null ? refuse(404, 'not found') : send(200, file);
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
