import { randomBytes } from 'node:crypto';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../foundation/parse-json.js';
import { barrier, type ProcessGroup } from './process-group.js';

/**
 * Message between a rank and the main process: identity of the sender, the error of the sender, or notice that the
 * sender leaves.
 */
interface Message {
  who?: { token: string; rank: number; process: string };
  failed?: string;
  leaving?: true;
}

/** Callbacks for the loss of a rank. */
export interface WatchHandlers {
  /**
   * Called in the main process if the rank `rank` was lost. `process` names the lost process and its machine. `failure`
   * is the line that the rank sent before its end, else null.
   */
  onLoss: (rank: number, process: string, failure: string | null) => void;
  /**
   * Called in the other ranks if the main process has ended.
   * @param hasSaidWhy true if the main process has printed the reason
   */
  onEnd: (hasSaidWhy: boolean) => void;
}

/** Watch for ranks whose process ends. */
export interface Watch {
  /**
   * Returns the result of `work`, which needs other ranks. Rethrows an error of `work` 5 s later: if a lost rank is the
   * cause, the handlers end this process first.
   */
  delayFailure<T>(work: Promise<T>): Promise<T>;
  /**
   * Reports to the other ranks that this rank has failed; the main process prints `line`. Resolves once the main
   * process has ended, or after 5 s.
   */
  fail(line: string): Promise<void>;
  /** Ends the watch. All ranks call `leave`. */
  leave(): Promise<void>;
}

/** Timeout in milliseconds for connecting, and for the main process to report what has failed. */
const PATIENCE = 5000;
/** Maximum number of characters in a line, as a stranger may send more. */
const LONGEST_LINE = 10_000;
/** Milliseconds within which all ranks meet an error that all have in common. */
const SETTLE_MS = 1000;

/**
 * Connects all ranks to the main process by TCP. The main process detects the end of any rank; the others detect the
 * end of the main process. Ranks on machines that cannot connect are left to the launcher.
 */
export async function watch(processGroup: ProcessGroup, handlers: WatchHandlers): Promise<Watch> {
  const host = hostname();
  const isElsewhere = Float64Array.of(Number(host !== (await processGroup.broadcast(host))));
  await processGroup.allReduce(isElsewhere);
  const address = isElsewhere[0] === 0 ? '127.0.0.1' : null;
  const made = processGroup.isMainProcess ? await openHub(address, handlers) : null;
  const hub = await processGroup.broadcast(made?.address ?? null);
  const own = made ?? (await connectTo(hub!, processGroup.rank, handlers));
  await barrier(processGroup);
  return {
    delayFailure: (work) =>
      work.catch(async (error: unknown) => {
        await sleep(PATIENCE);
        throw error;
      }),
    fail: (line) => own.fail(line),
    async leave() {
      own.leave();
      await barrier(processGroup);
      own.close();
    },
  };
}

/** One end of the connections between the main process and the other ranks. */
interface End {
  fail(line: string): Promise<void>;
  /** Stops treating closed connections as lost ranks. */
  leave(): void;
  close(): void;
}
interface HubAddress {
  host: string;
  port: number;
  token: string;
}

/**
 * Listens for the other ranks.
 * @param host loopback address if all ranks are on this machine; null if they are on several machines
 */
async function openHub(host: string | null, { onLoss }: WatchHandlers): Promise<End & { address: HubAddress }> {
  const token = randomBytes(16).toString('hex');
  const known = new Set<Socket>();
  let isLeaving = false;
  const server = createServer((socket) => {
    let who: { rank: number; process: string } | null = null;
    let isExpected = false;
    listen(socket, (message) => {
      if (message.who?.token === token) {
        who = message.who;
        known.add(socket);
      } else if (who === null) {
        socket.destroy();
      } else {
        isExpected = true;
        const { rank, process } = who;
        // If all fail alike, the main process prints its own error meanwhile.
        if (message.failed !== undefined) setTimeout(onLoss, SETTLE_MS, rank, process, message.failed);
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
  const sendAll = (message: Message) => known.forEach((socket) => send(socket, message));
  return {
    address: { host: host ?? hostname(), port, token },
    fail: (line) => {
      sendAll({ failed: line });
      return Promise.resolve();
    },
    leave: () => {
      isLeaving = true;
      sendAll({ leaving: true });
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
  listen(socket, (message) => {
    if (message.failed !== undefined) hasSaidWhy = true;
    if (message.leaving) isExpected = true;
  });
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(() => isExpected || onEnd(hasSaidWhy));
  send(socket, { who: { token, rank, process: `process ${process.pid} on ${hostname()}` } });
  return {
    async fail(line) {
      isExpected = true;
      send(socket, { failed: line });
      const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE));
      await Promise.race([ended, patience]);
    },
    leave: () => {
      isExpected = true;
      send(socket, { leaving: true });
    },
    close: () => socket.end(),
  };
}

function send(socket: Socket, message: Message): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Calls `hear` with each message on a socket. The socket does not keep the process alive. */
function listen(socket: Socket, hear: (message: Message) => void): void {
  let text = '';
  socket.unref();
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (part: string) => {
    const lines = (text + part).split('\n');
    text = lines.pop()!;
    if (text.length > LONGEST_LINE) socket.destroy();
    // A line that is not JSON, as a stranger may send, is an empty message.
    for (const line of lines) hear((parseJson(line) as Message | null | undefined) ?? {});
  });
}
