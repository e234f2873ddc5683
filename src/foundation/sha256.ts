import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Returns the SHA-256 of a file's first `bytes` bytes, in hexadecimal. Default: of the whole file. */
export async function sha256(path: string, bytes = Infinity): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}
