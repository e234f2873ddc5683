import './without-eval.js';
import { chooseBackend, modelFromBytes, type Model } from '../src/browser/index.js';
import type { Answer, ModelName, Request } from './messages.js';
import { Predictor } from './predictor.js';

const answer = (message: Answer) => postMessage(message);
const fail = (error: unknown) => answer({ type: 'failed', message: (error as Error).message });

let model: Promise<Model> | null = null;
let predictor: Predictor | null = null;
/** One request after another. */
let done: Promise<void> = Promise.resolve();

onmessage = ({ data }: MessageEvent<Request>) => {
  done = done.then(() => serve(data)).catch(fail);
};

async function serve(request: Request): Promise<void> {
  if (request.type === 'begin') {
    model = load(request.model);
    await model;
  } else if (request.type === 'predict') predictor!.predict(request.known, request.ahead).catch(fail);
  else if (predictor !== null) predictor.add(request.frame);
  else {
    predictor = new Predictor(await model!, request.frame, answer);
    predictor.costAll().catch(fail);
  }
}

/** Starts what computes, and loads a model: both lie beside the page. */
async function load(name: ModelName): Promise<Model> {
  const beside = (path: string) => new URL(path, import.meta.url);
  const [chosen, bytes] = await Promise.all([
    chooseBackend({ wasm: beside('pxv.wasm') }),
    fetch(beside(`models/${name}.safetensors`)).then((response) => {
      if (response.ok) return response.arrayBuffer();
      throw new Error(`${name} is not beside this page: ${response.status}`);
    }),
  ]);
  answer({ type: 'ready', threads: chosen.threads, isolated: chosen.isolated });
  return modelFromBytes(new Uint8Array(bytes), name);
}
