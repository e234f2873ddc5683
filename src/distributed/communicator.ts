import { deserialize, serialize } from 'node:v8';
import { addInPlace, type ProcessGroup } from './process-group.js';

/** Exchange of raw bytes between the ranks of a process group. */
export interface Transport {
  /** Number of this process in the group, from 0. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /**
   * Sends the bytes `sent` to the rank `peer` and fills `received` with bytes from `peer`; either array may be empty.
   * The peer makes the matching call, with arrays of the same lengths. Neither array may be used until the promise
   * settles. A rank makes one exchange at a time.
   */
  exchange(peer: number, sent: Uint8Array, received: Uint8Array): Promise<void>;
  /** Closes the transport. All ranks call `close` after the last exchange. */
  close(): void;
}

const NOTHING = new Uint8Array(0);

/** Process group over a transport. Sums are computed here in one fixed order; the transport only moves bytes. */
export class Communicator implements ProcessGroup {
  readonly rank: number;
  readonly size: number;
  readonly isMainProcess: boolean;

  constructor(private readonly transport: Transport) {
    this.rank = transport.rank;
    this.size = transport.size;
    this.isMainProcess = transport.rank === 0;
  }

  /**
   * Sums `values` over all ranks in place, by reduce-scatter with recursive halving, then all-gather with recursive
   * doubling (Rabenseifner 2004). Each rank sends 2 (size - 1) / size times the bytes of `values`, in 2 log2(size)
   * messages.
   */
  async allReduce(values: Float32Array | Float64Array): Promise<void> {
    const room = values.slice(0, Math.ceil(values.length / 2));
    const spans: [number, number][] = [];
    let from = 0;
    let to = values.length;
    for (let distance = 1; distance < this.size; distance *= 2) {
      spans.push([from, to]);
      const middle = (from + to) >> 1;
      const lower: [number, number] = [from, middle];
      const upper: [number, number] = [middle, to];
      const [kept, sent] = this.rank & distance ? [upper, lower] : [lower, upper];
      const received = room.subarray(0, kept[1] - kept[0]);
      await this.transport.exchange(this.rank ^ distance, bytesOf(values.subarray(...sent)), bytesOf(received));
      addInPlace(values.subarray(...kept), received);
      [from, to] = kept;
    }
    for (let distance = this.size / 2; distance >= 1; distance /= 2) {
      const [start, end] = spans.pop()!;
      const missing = from === start ? values.subarray(to, end) : values.subarray(start, from);
      await this.transport.exchange(this.rank ^ distance, bytesOf(values.subarray(from, to)), bytesOf(missing));
      [from, to] = [start, end];
    }
  }

  /** Returns the main process's `value` in all ranks, sent down a binary tree in log2(size) steps. */
  async broadcast<T>(value: T): Promise<T> {
    let message: Uint8Array = this.isMainProcess ? Buffer.from(JSON.stringify(value)) : NOTHING;
    for (let distance = this.size / 2; distance >= 1; distance /= 2) {
      const place = this.rank % (2 * distance);
      if (place === 0) await this.swap(this.rank + distance, message);
      else if (place === distance) message = await this.swap(this.rank - distance, NOTHING);
    }
    return this.isMainProcess ? value : (JSON.parse(Buffer.from(message).toString()) as T);
  }

  /** Returns the values `own` of all ranks, in rank order, by recursive doubling in log2(size) steps. */
  async allGather<T>(own: T): Promise<T[]> {
    let values = [own];
    for (let distance = 1; distance < this.size; distance *= 2) {
      const others = deserialize(await this.swap(this.rank ^ distance, serialize(values))) as T[];
      values = this.rank & distance ? [...others, ...values] : [...values, ...others];
    }
    return values;
  }

  /** Exchanges messages of any lengths with the rank `peer`, and returns the peer's message. */
  private async swap(peer: number, message: Uint8Array): Promise<Uint8Array> {
    const length = new Uint32Array(1);
    await this.transport.exchange(peer, bytesOf(Uint32Array.of(message.length)), bytesOf(length));
    const received = new Uint8Array(length[0]);
    await this.transport.exchange(peer, message, received);
    return received;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
