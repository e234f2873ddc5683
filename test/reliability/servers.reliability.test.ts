import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveOnLoopback, type LoopbackServer } from '../../src/foundation/loopback-server.js';
import { servePage } from '../../src/commands/page/serve-page.js';
import { watchTraining } from '../../src/commands/train/watch-training.js';
import { report } from './attack.js';
import { chooseCases, isThorough } from '../extent.js';
import { Mutation } from './mutation.js';

const folder = mkdtempSync(join(tmpdir(), 'pxv-servers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Returns the status and the body of an answer. */
function ask(server: LoopbackServer, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(server.address);
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    asked.on('error', reject).end();
  });
}

/** Sends bytes as they are, and returns what comes back until the server ends, or after `patience` milliseconds. */
function send(server: LoopbackServer, bytes: Uint8Array, patience: number): Promise<string> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname);
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patience, end);
    socket.on('data', (part) => (answer += part.toString('latin1')));
    socket.on('error', end).on('close', end);
    // With the whole request and its end, the server need not wait for more.
    socket.end(bytes);
  });
}

/** Each server with a path that it has, and a part of what is there. */
const servers: [name: string, start: () => Promise<LoopbackServer>, has: string, part: string][] = [
  ['pxv page', () => servePage(), '/page.css', '{'],
  ['pxv train --watch', () => watchTraining(join(folder, 'run')), '/', '<html'],
  [
    'a server of one file',
    () => serveOnLoopback(0, (path) => Promise.resolve(path === '/a' ? { type: 'text/plain', content: 'an a' } : null)),
    '/a',
    'an a',
  ],
];

describe.each(servers)('%s', (name, start, has, part) => {
  let server: LoopbackServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  test('listens on the loopback interface alone', () => {
    expect(new URL(server.address).hostname).toBe('127.0.0.1');
  });

  test('answers to its own names, and to no other', async () => {
    const { port } = new URL(server.address);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`])
      expect(await ask(server, has, { host })).toMatchObject({
        status: 200,
        body: expect.stringContaining(part) as string,
      });
    const foreign = [
      ...['elsewhere.example', `elsewhere.example:${port}`, 'localhost', '127.0.0.1', `127.0.0.1:${Number(port) + 1}`],
      ...[
        `localhost:${port}.elsewhere.example`,
        `[::1]:${port}`,
        `0.0.0.0:${port}`,
        `127.1:${port}`,
        ` localhost`,
        '*',
      ],
      ...[`LOCALHOST.:${port}`, `localhost:0${port}`, `user@localhost:${port}`],
    ];
    for (const host of foreign) {
      const { status, body } = await ask(server, has, { host });
      expect([host, status]).toEqual([host, 403]);
      expect(body).not.toContain(part);
    }
    for (const line of ['Host:', 'Host: elsewhere.example\r\nHost: localhost', 'X: 1']) {
      const raw = Buffer.from(`GET ${has} HTTP/1.1\r\n${line}\r\nConnection: close\r\n\r\n`);
      expect(await send(server, raw, 5000)).toMatch(/^HTTP\/1\.1 40[03]/);
    }
  });

  const outside = [
    ...['/../package.json', '/..%2fpackage.json', '/%2e%2e/package.json', '/..\\package.json', '//etc/passwd'],
    ...['/etc/passwd', '/page.css/../../package.json', '/./page.css/', '/%00', '/page.css%00.html', '/beside.json'],
    ...['/index.html/..', '/models/../package.json', '/models/', '/models', '/.', '/..', '/__proto__', '/constructor'],
    ...['/a/../../a', 'http://elsewhere.example/', 'file:///etc/passwd', '*'],
  ];
  test('serves no path outside its own', async () => {
    for (const path of outside) {
      const raw = Buffer.from(
        `GET ${path} HTTP/1.1\r\nHost: ${new URL(server.address).host}\r\nConnection: close\r\n\r\n`,
      );
      const answer = await send(server, raw, 5000);
      expect([path, /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]]).toEqual([path, expect.stringMatching(/^4\d\d$/)]);
    }
  });

  test('answers nothing but GET and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      expect((await ask(server, has, {}, method)).status).toBe(405);
    expect(await ask(server, has, {}, 'HEAD')).toEqual({ status: 200, body: '' });
  });

  const count = chooseCases(100, 10_000);
  test(`serves its page after each of ${count} malformed requests`, async () => {
    const { host } = new URL(server.address);
    const words = [
      ...[
        'GET ',
        'POST ',
        'HTTP/1.1',
        'HTTP/9.9',
        '\r\n',
        '\n',
        '\r',
        '\0',
        ': ',
        'Host: elsewhere.example',
        '\r\n\r\n',
      ],
      ...[
        'Content-Length: 99999999999999999999',
        'Content-Length: -1',
        'Transfer-Encoding: chunked',
        'ffffffffffffffff\r\n',
      ],
      ...[
        'Expect: 100-continue',
        'Upgrade: websocket',
        'Connection: upgrade',
        `X: ${'x'.repeat(20_000)}`,
        '/'.repeat(9000),
      ],
      ...['%', '%zz', '../', '?', '#', 'Range: bytes=0-,9-', 'Cookie: a', '\u0080', ' '],
    ];
    const whole = `GET ${has} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAccept: */*\r\n\r\n`;
    const began = performance.now();
    const [before, statuses] = [process.memoryUsage().rss, new Map<string, number>()];
    const together = 20;
    for (let first = 1; first <= count; first += together) {
      const seeds = Array.from({ length: Math.min(together, count + 1 - first) }, (_, at) => first + at);
      const answers = await Promise.all(
        seeds.map((seed) => {
          const mutation = new Mutation(seed);
          const text = Buffer.from(mutation.text(whole, words), 'latin1');
          return send(server, mutation.next() < 0.3 ? mutation.bytes(text) : text, 2000);
        }),
      );
      for (const answer of answers) {
        const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'none';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      expect((await ask(server, has)).status).toBe(200);
    }
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    // A request is a few kilobytes: what stays would be seen.
    expect(grown).toBeLessThan(300);
    expect([...statuses.keys()].filter((status) => status.startsWith('5'))).toEqual([]);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    if (isThorough)
      report(
        `${name}: ${count} malformed requests, ${JSON.stringify([...statuses])}, ${grown.toFixed(0)} MiB, ${seconds} s`,
      );
  });
});
