import { randomBytes } from 'node:crypto';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { barrier, type Ranks } from './ranks.js';

/** What ranks say to the first, and it to them: who they are, why they have failed, or that they leave. */
interface Said {
  who?: { token: string; rank: number; process: string };
  failed?: string;
  leaving?: true;
}

export interface WatchHandlers {
  /** Called in the first rank: another was lost, or says in one line why it failed. */
  onLoss: (rank: number, process: string, failure: string | null) => void;
  /** Called in the others: the first has ended. @param hasSaidWhy whether it has told the user */
  onEnd: (hasSaidWhy: boolean) => void;
}

/** Knows of the death of a rank, whatever moves bytes between them. */
export interface Watch {
  /** What ranks do together. Where it fails since one has ended, it fails only if nothing has told so for a while. */
  told<T>(work: Promise<T>): Promise<T>;
  /** Tells the others that this one has failed; the first tells the user. Kept once it has ended, or does not answer. */
  fail(line: string): Promise<void>;
  /** Ends it in all ranks. */
  leave(): Promise<void>;
}

/** Milliseconds that a connection may take, and that a rank waits for the first to say what has failed. */
const PATIENCE = 5000;
/** Characters. Nobody says more before the line ends, but a stranger may. */
const LONGEST_LINE = 10_000;
/** Milliseconds within which ranks come to the same error. */
const TOGETHER = 1000;

/**
 * Connects all ranks to the first, which then sees who dies. Where a machine cannot be reached, its ranks are left to the
 * launcher.
 */
export async function watch(ranks: Ranks, handlers: WatchHandlers): Promise<Watch> {
  const host = hostname();
  const isElsewhere = Float64Array.of(Number(host !== (await ranks.broadcast(host))));
  await ranks.sum(isElsewhere);
  const address = isElsewhere[0] === 0 ? '127.0.0.1' : null;
  const made = ranks.isWriter ? await openHub(address, handlers) : null;
  const hub = await ranks.broadcast(made?.address ?? null);
  const own = made ?? (await connectTo(hub!, ranks.rank, handlers));
  await barrier(ranks);
  return {
    told: (work) =>
      work.catch(async (error: unknown) => {
        await sleep(PATIENCE);
        throw error;
      }),
    fail: (line) => own.fail(line),
    async leave() {
      own.leave();
      await barrier(ranks);
      own.close();
    },
  };
}

interface End {
  fail(line: string): Promise<void>;
  /** From here on, nobody is missed. */
  leave(): void;
  close(): void;
}
interface HubAddress {
  host: string;
  port: number;
  token: string;
}

/** @param host where all ranks are; null: on several machines */
async function openHub(host: string | null, { onLoss }: WatchHandlers): Promise<End & { address: HubAddress }> {
  const token = randomBytes(16).toString('hex');
  const known = new Set<Socket>();
  let isLeaving = false;
  const server = createServer((socket) => {
    let who: { rank: number; process: string } | null = null;
    let isExpected = false;
    listen(socket, (said) => {
      if (said.who?.token === token) {
        who = said.who;
        known.add(socket);
      } else if (who === null) {
        socket.destroy();
      } else {
        isExpected = true;
        const { rank, process } = who;
        // Where all fail alike, the first says so itself meanwhile.
        if (said.failed !== undefined) setTimeout(onLoss, TOGETHER, rank, process, said.failed);
      }
    });
    socket.on('close', () => {
      known.delete(socket);
      if (who !== null && !isExpected && !isLeaving) onLoss(who.rank, who.process, null);
    });
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, host ?? '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const tell = (said: Said) => known.forEach((socket) => say(socket, said));
  return {
    address: { host: host ?? hostname(), port, token },
    fail: (line) => {
      tell({ failed: line });
      return Promise.resolve();
    },
    leave: () => {
      isLeaving = true;
      tell({ leaving: true });
    },
    close: () => {
      server.close();
      known.forEach((socket) => socket.end());
    },
  };
}

async function connectTo({ host, port, token }: HubAddress, rank: number, { onEnd }: WatchHandlers): Promise<End> {
  const socket = connect({ host, port, timeout: PATIENCE });
  const isThere = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('timeout', () => socket.destroy());
    socket.once('close', () => resolve(false));
    socket.on('error', () => {});
  });
  if (!isThere) return { fail: () => Promise.resolve(), leave: () => {}, close: () => {} };
  socket.setTimeout(0);
  let isExpected = false;
  let hasSaidWhy = false;
  listen(socket, (said) => {
    if (said.failed !== undefined) hasSaidWhy = true;
    if (said.leaving) isExpected = true;
  });
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(() => isExpected || onEnd(hasSaidWhy));
  say(socket, { who: { token, rank, process: `process ${process.pid} on ${hostname()}` } });
  return {
    async fail(line) {
      isExpected = true;
      say(socket, { failed: line });
      const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE));
      await Promise.race([ended, patience]);
    },
    leave: () => {
      isExpected = true;
      say(socket, { leaving: true });
    },
    close: () => socket.end(),
  };
}

function say(socket: Socket, said: Said): void {
  socket.write(`${JSON.stringify(said)}\n`);
}

/** Hears what comes over a connection, which keeps no process alive. */
function listen(socket: Socket, hear: (said: Said) => void): void {
  let text = '';
  socket.unref();
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (part: string) => {
    const lines = (text + part).split('\n');
    text = lines.pop()!;
    if (text.length > LONGEST_LINE) socket.destroy();
    for (const line of lines) hear(parsed(line));
  });
}

/** Nothing, where a stranger speaks. */
function parsed(line: string): Said {
  try {
    return (JSON.parse(line) as Said | null) ?? {};
  } catch {
    return {};
  }
}
