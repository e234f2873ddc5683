import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { pxv, start } from './pxv.js';

interface Answer {
  status: number;
  type: string | undefined;
  headers: Record<string, string | string[] | undefined>;
  bytes: number;
}

/** Asks as a browser may, or as nobody should. */
function ask(address: string, path: string, { host, method = 'GET' }: { host?: string; method?: string } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(address);
    const headers = host === undefined ? {} : { host };
    const asked = request({ hostname, port, path, method, headers }, (response) => {
      let bytes = 0;
      response.on('data', (part: Buffer) => (bytes += part.length));
      response.on('end', () =>
        resolve({
          ...{ status: response.statusCode!, type: response.headers['content-type'], headers: response.headers, bytes },
        }),
      );
    });
    asked.on('error', reject).end();
  });
}

describe('pxv page', () => {
  let server: ReturnType<typeof start>;
  let address: string;
  beforeAll(async () => {
    const built = spawnSync(process.execPath, ['scripts/build-page.mjs'], { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    server = start(['page']);
    const [first] = (await once(server.stdout!, 'data')) as [Buffer];
    address = first.toString().trim();
  });
  afterAll(async () => {
    server.kill('SIGINT');
    const [code] = (await once(server, 'close')) as [number];
    expect(code).toBe(130);
  });

  test('prints an address of this machine alone, on a port of its own', () => {
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/main.js', 'text/javascript; charset=utf-8'],
    ['/pxv.wasm', 'application/wasm'],
    ['/models/video-64.safetensors', 'application/octet-stream'],
    ['/models/video-64.safetensors', 'application/octet-stream'],
    ['/models/cifar.safetensors', 'application/octet-stream'],
    ['/asl_yes.mkv', 'video/x-matroska'],
    ['/licences.txt', 'text/plain; charset=utf-8'],
  ])('serves %s', async (path, type) => {
    expect(await ask(address, path)).toMatchObject({ status: 200, type });
  });

  test('lets the page have threads, and no other page have this one', async () => {
    const { headers } = await ask(address, '/');
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "frame-ancestors 'none'",
    });
  });

  test('all but the weights and the example is less than 4 MB', async () => {
    const paths = ['/', '/page.css', '/icon.svg', '/main.js', '/worker.js', '/pxv.wasm'];
    const answers = await Promise.all(paths.map((path) => ask(address, path)));
    expect(answers.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(4e6);
  });

  test.each([
    ['another name of this machine', '/', { host: 'elsewhere.example' }, 403],
    ['a file beside it', '/../package.json', {}, 404],
    ['the same, written otherwise', '/%2e%2e/package.json', {}, 404],
    ['what it is made with', '/beside.json', {}, 404],
    ['to be written to', '/', { method: 'POST' }, 405],
  ])('refuses %s', async (_, path, how, status) => {
    expect(await ask(address, path, how)).toMatchObject({ status });
  });
});

test('a port that is taken is refused in one line, and one that is none as well', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const { code, stdout, stderr } = await pxv(['page', '--port', `${port}`]);
  other.close();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toBe(
    `pxv: serve a page: port: expected one that is free, received ${port}: EADDRINUSE; choose another, or none\n`,
  );
  expect((await pxv(['page', '--port', '70000'])).stderr).toContain('--port: expected a whole number from 0 to 65535');
});
