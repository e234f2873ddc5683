import { deserialize, serialize } from 'node:v8';
import { addTo, type Ranks } from './ranks.js';

/** Moves bytes between ranks, and knows nothing of what they are. */
export interface Transport {
  readonly rank: number;
  readonly size: number;
  /**
   * Sends bytes to another rank, which receives as many, while as many come from it as `received` takes; either may be
   * empty. The bytes are not to be touched until then. One exchange is made at a time.
   */
  exchange(peer: number, sent: Uint8Array, received: Uint8Array): Promise<void>;
  /** Ends it, in all ranks, once nothing more is exchanged. */
  close(): void;
}

const NOTHING = new Uint8Array(0);
/** Bytes that say how long a message is. */
const LENGTH = 4;

/** Ranks over a transport. Sums are made here, in an order of our own: transports only move bytes. */
export class Communicator implements Ranks {
  readonly rank: number;
  readonly size: number;
  readonly isWriter: boolean;

  constructor(private readonly transport: Transport) {
    this.rank = transport.rank;
    this.size = transport.size;
    this.isWriter = transport.rank === 0;
  }

  /**
   * Halves what is summed with each further neighbour, and then doubles what is known (Rabenseifner 2004): each rank
   * sends 2 (size - 1) / size times the bytes of the numbers, in 2 log2(size) messages.
   */
  async sum(values: Float32Array | Float64Array): Promise<void> {
    const room = values.slice(0, Math.ceil(values.length / 2));
    const spans: [number, number][] = [];
    let [from, to] = [0, values.length];
    for (let distance = 1; distance < this.size; distance *= 2) {
      spans.push([from, to]);
      const middle = (from + to) >> 1;
      const lower: [number, number] = [from, middle];
      const upper: [number, number] = [middle, to];
      const [kept, sent] = this.rank & distance ? [upper, lower] : [lower, upper];
      const received = room.subarray(0, kept[1] - kept[0]);
      await this.transport.exchange(this.rank ^ distance, bytesOf(values.subarray(...sent)), bytesOf(received));
      addTo(values.subarray(...kept), received);
      [from, to] = kept;
    }
    for (let distance = this.size / 2; distance >= 1; distance /= 2) {
      const [start, end] = spans.pop()!;
      const missing = from === start ? values.subarray(to, end) : values.subarray(start, from);
      await this.transport.exchange(this.rank ^ distance, bytesOf(values.subarray(from, to)), bytesOf(missing));
      [from, to] = [start, end];
    }
  }

  async broadcast<T>(value: T): Promise<T> {
    let message: Uint8Array = this.isWriter ? Buffer.from(JSON.stringify(value)) : NOTHING;
    for (let distance = this.size / 2; distance >= 1; distance /= 2) {
      const place = this.rank % (2 * distance);
      if (place === 0) await this.send(this.rank + distance, message);
      else if (place === distance) message = await this.receive(this.rank - distance);
    }
    return this.isWriter ? value : (JSON.parse(Buffer.from(message).toString()) as T);
  }

  async gather<T>(own: T): Promise<T[]> {
    const bytes = serialize(own);
    const lengths = new Float64Array(this.size);
    lengths[this.rank] = bytes.length;
    await this.sum(lengths);
    const starts = [...lengths.keys()].map((rank) =>
      lengths.subarray(0, rank).reduce((sum, length) => sum + length, 0),
    );
    // Each byte is summed with zeros of the others, which is exact.
    const all = new Float32Array(starts[this.size - 1] + lengths[this.size - 1]);
    all.set(bytes, starts[this.rank]);
    await this.sum(all);
    const values = Buffer.from(all);
    return starts.map((start, rank) => deserialize(values.subarray(start, start + lengths[rank])) as T);
  }

  private async send(peer: number, message: Uint8Array): Promise<void> {
    const length = Buffer.alloc(LENGTH);
    length.writeUInt32LE(message.length);
    await this.transport.exchange(peer, length, NOTHING);
    await this.transport.exchange(peer, message, NOTHING);
  }

  private async receive(peer: number): Promise<Uint8Array> {
    const length = Buffer.alloc(LENGTH);
    await this.transport.exchange(peer, NOTHING, length);
    const message = new Uint8Array(length.readUInt32LE());
    await this.transport.exchange(peer, NOTHING, message);
    return message;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
