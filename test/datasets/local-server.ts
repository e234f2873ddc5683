import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on this machine that answers each path in its own way, and notes what it was asked for. */
export async function serve(answers: Record<string, Answer>): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const answer = answers[request.url ?? ''] as Answer | undefined;
    if (answer) answer(request, response);
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

const servers: (() => void)[] = [];
afterEach(() => {
  for (const stop of servers.splice(0)) stop();
});

/** Sends the bytes, or the rest that is asked for. */
export function whole(bytes: Uint8Array): Answer {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { 'content-length': bytes.length - from };
    if (from === 0) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    response.end(bytes.subarray(from));
  };
}

/** Sends the bytes from the first on, whatever is asked for, and does not say how many there are. */
export function withoutRanges(bytes: Uint8Array): Answer {
  return (_, response) => {
    response.writeHead(200, { 'transfer-encoding': 'chunked' });
    response.end(bytes);
  };
}

/** Promises all the bytes, sends some, and then breaks the connection off, or keeps still where `silent`. */
export function brokenOff(bytes: Uint8Array, sent: number, silent = false): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, sent), () => {
      // The client must have read the bytes before the connection is cut.
      if (!silent) setTimeout(() => response.destroy(), 50);
    });
  };
}
