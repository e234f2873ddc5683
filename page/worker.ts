import './without-eval.js';
import { chooseBackend, codedFrames, parseModel, type Model } from '../src/browser/index.js';
import { learn } from './learner.js';
import { SHIPPED_MODEL, type Answer, type Lesson, type ModelChoice, type Request } from './messages.js';
import { Predictor } from './predictor.js';

const answer = (message: Answer) => postMessage(message);
const fail = (error: unknown) => answer({ type: 'failed', message: (error as Error).message });

let model: Promise<Model> | null = null;
let predictor: Predictor | null = null;
const stopped = new AbortController();
/** Queue that serves one request after another. */
let done: Promise<void> = Promise.resolve();

onmessage = ({ data }: MessageEvent<Request>) => {
  done = done.then(() => serve(data)).catch(fail);
};

async function serve(request: Request): Promise<void> {
  if (request.type === 'decode') await decode(request.file);
  else if (request.type === 'learn') teach(request).catch(fail);
  else if (request.type === 'stop') stopped.abort();
  else if (request.type === 'begin') {
    model = load(request.model);
    const [{ threads, isolated }] = await Promise.all([start(), model]);
    answer({ type: 'ready', threads, isolated });
  } else if (request.type === 'predict') predictor!.predict(request.known, request.ahead).catch(fail);
  else if (request.type === 'score') predictor!.costAll().catch(fail);
  else if (predictor !== null) predictor.add(request.frame);
  else predictor = new Predictor(await model!, request.frame, answer);
}

/** Models that may have written a file: the model of videos, and the model of key frames. */
const WRITERS = [SHIPPED_MODEL, 'cifar'];

async function decode(file: Blob): Promise<void> {
  await start();
  const loading = WRITERS.map((name) => () => fetched(name));
  for await (const each of codedFrames(file, loading))
    answer('lost' in each ? { type: 'lost' } : { type: 'decoded', frame: each.frame, time: each.time });
  answer({ type: 'end' });
}

async function teach(lesson: Lesson): Promise<void> {
  const [trained, { threads, isolated }] = await Promise.all([load(lesson.model), start()]);
  answer({ type: 'ready', threads, isolated });
  await learn(trained, lesson, answer, stopped.signal);
}

/** Returns the URL of a file beside the page, where WebAssembly and models lie. */
const beside = (path: string) => new URL(path, import.meta.url);

function start() {
  return chooseBackend({ wasm: beside('pxv.wasm') });
}

async function load(model: ModelChoice): Promise<Model> {
  return typeof model === 'string' ? fetched(model) : parseModel(new Uint8Array(await model.arrayBuffer()), 'learned');
}

async function fetched(name: string): Promise<Model> {
  const response = await fetch(beside(`models/${name}.safetensors`));
  if (!response.ok) throw new Error(`${name} was not found beside this page: HTTP ${response.status}`);
  return parseModel(new Uint8Array(await response.arrayBuffer()), name);
}
