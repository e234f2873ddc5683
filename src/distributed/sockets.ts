import { mkdirSync, rmSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorsOf } from '../foundation/errors.js';
import type { Transport } from './communicator.js';

/** Seconds that ranks wait for each other at the start. */
const PATIENCE = 60;

/**
 * Joins ranks of one machine over sockets in a folder, which is made: each listens there, and connects to those before it.
 * Whoever may write to the folder may take part. An exchange with one that has ended fails.
 * @throws PxvError `DEPENDENCY` where the others do not come
 */
export async function joinBySockets(folder: string, rank: number, size: number): Promise<Transport> {
  mkdirSync(folder, { recursive: true });
  const path = (of: number) => join(folder, `${of}.sock`);
  const later = listen(path(rank), size - 1 - rank);
  const earlier = Array.from({ length: rank }, async (_, other) => {
    const socket = await connected(path(other), other);
    socket.write(Uint8Array.of(rank));
    return new Link(socket);
  });
  const links = new Map<number, Link>();
  for (const [other, link] of (await Promise.all(earlier)).entries()) links.set(other, link);
  for (const link of await later.links) links.set((await link.bytes(1))[0], link);
  // Nobody else is to come: the folder is empty again.
  later.close();
  return {
    rank,
    size,
    async exchange(peer, sent, received) {
      const link = links.get(peer)!;
      await Promise.all([link.send(sent), link.fill(received)]);
    },
    close() {
      for (const link of links.values()) link.end();
    },
  };
}

/** Waits for so many others to connect. */
function listen(path: string, count: number): { links: Promise<Link[]>; close: () => void } {
  // One that was killed has left it behind.
  rmSync(path, { force: true });
  const found: Link[] = [];
  const server = createServer();
  const close = () => server.close();
  const links = new Promise<Link[]>((resolve, reject) => {
    const tooLate = setTimeout(() => reject(absent('the ranks after this one')), 1000 * PATIENCE);
    const end = () => {
      clearTimeout(tooLate);
      resolve(found);
    };
    server.on('error', (cause) => reject(noSocket(path, cause)));
    server.on('connection', (socket) => found.push(new Link(socket)) === count && end());
    server.listen(path, () => count === 0 && end());
  });
  return { links, close };
}

async function connected(path: string, rank: number): Promise<Socket> {
  for (const deadline = performance.now() + 1000 * PATIENCE; performance.now() < deadline; await sleep(20)) {
    const socket = await new Promise<Socket | null>((resolve) => {
      const trying = connect(path, () => resolve(trying));
      trying.once('error', () => resolve(null));
    });
    if (socket !== null) return socket;
  }
  throw absent(`rank ${rank}`);
}

const failed = errorsOf('DEPENDENCY', 'join ranks');
const absent = (who: string) =>
  failed(
    who,
    `to come within ${PATIENCE} seconds`,
    'nobody',
    'start all ranks, with the same PXV_RANKS and PXV_SOCKETS',
  );
const ended = () =>
  failed('ranks', 'processes that work to the end', 'the end of one', 'see what has ended it, and run it again');
const noSocket = (path: string, cause: Error) =>
  failed(path, 'a socket', cause.message, 'give another folder in PXV_SOCKETS, with a shorter path', { cause });

/** A connection to another rank. What comes before it is asked for waits. */
class Link {
  private readonly come: Buffer[] = [];
  private wanted: { into: Uint8Array; done: () => void; fail: (error: Error) => void } | null = null;
  private isClosed = false;

  constructor(private readonly socket: Socket) {
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.serve();
    });
    socket.on('data', (bytes: Buffer) => {
      this.come.push(bytes);
      this.serve();
    });
  }

  send(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.socket.write(bytes, (error) => (error ? reject(ended()) : resolve())));
  }

  fill(into: Uint8Array): Promise<void> {
    return new Promise((done, fail) => {
      this.wanted = { into, done, fail };
      this.serve();
    });
  }

  async bytes(count: number): Promise<Uint8Array> {
    const into = new Uint8Array(count);
    await this.fill(into);
    return into;
  }

  end(): void {
    this.socket.end().unref();
  }

  private serve(): void {
    while (this.wanted !== null) {
      const { into, done, fail } = this.wanted;
      const [first] = this.come;
      if (into.length === 0) {
        this.wanted = null;
        done();
      } else if (first === undefined) {
        if (this.isClosed) fail(ended());
        return;
      } else {
        const count = Math.min(first.length, into.length);
        into.set(first.subarray(0, count));
        this.wanted = { into: into.subarray(count), done, fail };
        if (count === first.length) this.come.shift();
        else this.come[0] = first.subarray(count);
      }
    }
  }
}
