import { Communicator, type Transport } from '../../src/distributed/communicator.js';
import type { ProcessGroup } from '../../src/distributed/process-group.js';

/** Does `work` in each of `size` ranks, all in this process, and returns what each has made. */
export function inRanks<T>(size: number, work: (processGroup: ProcessGroup) => Promise<T>): Promise<T[]> {
  return Promise.all(transportsInMemory(size).map((transport) => work(new Communicator(transport))));
}

/** Transports between ranks of this process. Of two that exchange, the second copies the bytes both ways. */
function transportsInMemory(size: number): Transport[] {
  const waiting = new Map<string, { sent: Uint8Array; received: Uint8Array; resolve: () => void }>();
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    exchange(peer, sent, received) {
      const pair = [rank, peer].sort().join();
      const first = waiting.get(pair);
      if (first === undefined) return new Promise((resolve) => waiting.set(pair, { sent, received, resolve }));
      waiting.delete(pair);
      expect([first.sent.length, first.received.length]).toEqual([received.length, sent.length]);
      first.received.set(sent);
      received.set(first.sent);
      first.resolve();
      return Promise.resolve();
    },
    close: () => {},
  }));
}
