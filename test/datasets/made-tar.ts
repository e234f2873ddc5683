import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

type Kind = 'File' | 'SymbolicLink' | 'Link' | 'Directory';

export interface TarEntry {
  path: string;
  type?: Kind;
  content?: Uint8Array;
  /** What the header claims. Default: the length of the content. */
  size?: number;
  linkpath?: string;
}

/** A tar file with just these entries, however hostile. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', content = new Uint8Array(0), size, linkpath }) => {
    const header = Buffer.alloc(512);
    const fields = { path, type, mode: 0o644, uid: 0, gid: 0, size: size ?? content.length, mtime: new Date(0) };
    new Header({ ...fields, ...(linkpath !== undefined && { linkpath }) }).encode(header);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function tarGz(entries: readonly TarEntry[]): Buffer {
  return gzipSync(tar(entries));
}
