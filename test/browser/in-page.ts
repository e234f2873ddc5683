import { chooseBackend, parseModel } from '../../src/browser/index.js';
import { compute } from './computed.js';

/** Runs in a worker of a page: what is asked for are the threads, what is answered is what was computed. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: number | undefined }) => void;
  postMessage: (answer: unknown) => void;
};
scope.onmessage = ({ data: threads }) => {
  answer(threads).then(scope.postMessage, (error: Error) => scope.postMessage({ error: error.message }));
};

async function answer(threads: number | undefined) {
  await chooseBackend({ wasm: '/pxv.wasm', threads: 1 });
  // Once more, for another number of threads.
  const chosen = await chooseBackend({ wasm: '/pxv.wasm', threads });
  const bytes = new Uint8Array(await (await fetch('/model')).arrayBuffer());
  return { chosen, computed: await compute(parseModel(bytes, 'video-64')) };
}
