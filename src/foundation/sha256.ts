import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Returns the SHA-256 of a file's first `bytes` bytes, in hexadecimal. Default: of the whole file. */
export function sha256(path: string, bytes = Infinity): Promise<string> {
  return hashFile(path, 'sha256', bytes);
}

/** Returns the MD5 of a file, in hexadecimal, for files whose publisher gives no other checksum. */
export function md5(path: string): Promise<string> {
  return hashFile(path, 'md5', Infinity);
}

async function hashFile(path: string, algorithm: 'sha256' | 'md5', bytes: number): Promise<string> {
  const hash = createHash(algorithm);
  const stream = createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}
