import {
  encodeModel,
  fineTune,
  frameCosts,
  frameOf,
  FrameHistory,
  FrameSampler,
  resizeModel,
  rollOut,
  type Frame,
  type Model,
} from '../src/browser/index.js';
import type { Answer, Lesson } from './messages.js';

/** Maximum of the estimated memory of a training in the page, in bytes. */
const MAX_BYTES = 1.5e9;

/**
 * Trains a model further on the frames of a video, in a worker. Posts a held-out frame as the model predicts it before,
 * the progress, the same frame as the best model predicts it after, and the best model as a file. Rejects with the
 * errors of `fineTune`.
 * @param answer posts a message to the page
 * @param signal signal that stops the training; the best model so far follows
 */
export async function learn(
  model: Model,
  { frames, training }: Lesson,
  answer: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  let shown = 0;
  const compare = async (when: 'before' | 'after', of: Model) =>
    answer({ type: 'compared', when, index: shown, ...(await predict(of, frames, shown)) });
  const learned = await fineTune(model, frames, {
    training,
    maxBytes: MAX_BYTES,
    onStart: async ({ memoryBytes, heldOutFrom }) => {
      answer({ type: 'learning', memoryBytes, heldOutFrom });
      // The middle of the held-out frames.
      shown = (heldOutFrom + frames.length) >> 1;
      await compare('before', resizeModel(model, frames[0]));
    },
    onStep: (progress) => answer({ type: 'stepped', progress }),
    onValidated: (validation) => answer({ type: 'validated', validation }),
    signal,
  });
  await compare('after', learned);
  answer({ type: 'learned', file: new Blob(encodeModel(learned) as BlobPart[]) });
}

/**
 * Predicts frame `index` from the frames before it: one sample, and the bits of each pixel. The sample has the same
 * random numbers each time.
 */
async function predict(model: Model, frames: readonly Frame[], index: number) {
  const history = new FrameHistory(model.chain.exampleShape);
  for (const { data } of frames.slice(0, index)) history.push(data);
  const sampler = new FrameSampler(model);
  const [{ bytes }] = (await rollOut(sampler, history).next()).value;
  sampler.dispose();
  const { context } = model.chain.exampleShape;
  let map: Float64Array = new Float64Array();
  for await (const cost of frameCosts(model, frames.slice(Math.max(0, index - context), index + 1))) map = cost.map;
  return { drawn: frameOf(model, bytes), map };
}
