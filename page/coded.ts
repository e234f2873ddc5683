import type { Answer } from './messages.js';
import { MAX_FRAMES, type Source, type TimedFrame } from './source.js';

/**
 * Opens a file that `pxv encode` wrote, and decodes its first `MAX_FRAMES` frames exactly.
 * @param name name of the file, for the user
 * @throws Error in words for the user if this browser cannot decode the file
 */
export async function openCoded(file: Blob, name: string): Promise<Source> {
  const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  const stop = () => worker.terminate();
  const source: Source = { name, isLive: false, bytes: file.size, coverage: null, frames, stop };
  const decoded = decodedBy(worker, file, () => (source.coverage = 'without frames lost to damage'));
  const failed = (error: Error) => {
    stop();
    throw new Error(`${name}: ${error.message.replace(/^decode: (the file: )?/, '')}`);
  };
  // Errors are reported before the new source replaces the old one.
  const first = await decoded.next().catch(failed);
  async function* frames(): AsyncGenerator<TimedFrame, void> {
    let next = first;
    for (let count = 0; !next.done; count++) {
      if (count === MAX_FRAMES) {
        source.coverage = `the first ${MAX_FRAMES} frames`;
        break;
      }
      yield next.value;
      next = await decoded.next().catch(failed);
    }
    stop();
  }
  return source;
}

async function* decodedBy(worker: Worker, file: Blob, onLost: () => void): AsyncGenerator<TimedFrame, void> {
  const waiting: Answer[] = [];
  let came = () => {};
  const take = (answer: Answer) => {
    waiting.push(answer);
    came();
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => take(data);
  worker.onerror = ({ message }) => take({ type: 'failed', message });
  worker.postMessage({ type: 'decode', file });
  for (;;) {
    while (waiting.length === 0) await new Promise<void>((resolve) => (came = resolve));
    const answer = waiting.shift()!;
    if (answer.type === 'decoded') yield answer;
    else if (answer.type === 'lost') onLost();
    else if (answer.type === 'failed') throw new Error(answer.message);
    else if (answer.type === 'end') return;
  }
}
