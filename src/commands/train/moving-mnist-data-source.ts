import { basename } from 'node:path';
import { movingMnist, openMovingMnist, type MovingMnist } from '../../../datasets/index.js';
import { frameBytes } from '../../foundation/levels.js';
import type { Chain } from '../../model/chain.js';
import { createClipTrainingData } from '../../training/clip-batches.js';
import type { MovingMnistConfiguration } from '../../training/configuration.js';
import type { ClipStore } from '../../training/random-frames.js';
import { readHeldOutExample } from '../../training/validation.js';
import { clipBaselines } from './clip-baselines.js';
import { openSplits, otherShape, type DataRequest, type DataSource } from './data-source.js';
import { FRAMES_DRAWN } from './training-samples.js';

/** Number of training sequences, of which a training of days sees few twice. */
const TRAINING_SEQUENCES = 2 ** 20;
const VALIDATION_SEQUENCES = 100;
/** Seed of the validation sequences, so that all trainings validate on the same ones. */
const VALIDATION_SEED = 0;
/** Number of given frames of a validation sequence, as in the published protocol; those after it are scored. */
const GIVEN_FRAMES = 10;
/** Settings of examples as the protocol scores them: after the given frames, and without frozen frames. */
const EXAMPLES = { known: GIVEN_FRAMES, still: 0 };

/** Sequences of Moving MNIST as training data, made of MNIST's training digits while the training reads them. */
export const movingMnistSource: DataSource<MovingMnistConfiguration> = {
  find: findMovingMnist,
  async count(chain, { folder }) {
    assertFrameShape(chain);
    const sequences = await openMovingMnist('train', VALIDATION_SEED, folder ?? undefined);
    const { count } = sequences.digits;
    sequences.close();
    return { unit: 'digits', count };
  },
  inputs: ({ folder }) => (folder === null ? [] : [folder]),
  hasFixedSize: () => true,
};

/**
 * Opens the digits that sequences are made of: those to train on, and others to validate on. The caller closes the
 * result.
 * @throws PxvError as `openForTraining` for MNIST; `USAGE` if the model has another size or other channels
 */
async function findMovingMnist({ chain, data: { folder }, training }: DataRequest<MovingMnistConfiguration>) {
  assertFrameShape(chain);
  const { learnt, held, close } = await openSplits((split) =>
    openMovingMnist(split, split === 'train' ? BigInt(training.seed) : VALIDATION_SEED, folder ?? undefined),
  );
  const shape = chain.exampleShape;
  const { digits } = learnt;
  return {
    // The folder of the digits may have moved when the training is resumed.
    files: digits.files.map((path) => ({ name: basename(path), path })),
    open() {
      const validated = held.digits.count > 0 ? VALIDATION_SEQUENCES : 0;
      const store = createSequenceStore(learnt, held, validated);
      const indices = Array.from({ length: TRAINING_SEQUENCES }, (_, index) => index);
      const validation = Array.from({ length: validated }, (_, index) => ({
        clip: TRAINING_SEQUENCES + index,
        from: GIVEN_FRAMES,
      }));
      return {
        data: createClipTrainingData(chain, store, indices, validation, training, EXAMPLES),
        facts: {
          digits: digits.count,
          validationDigits: held.digits.count,
          validationSequences: validated,
          origin: digits.origin,
          baselines: clipBaselines(shape, store, validation),
        },
        example: readHeldOutExample(shape, store, validation, FRAMES_DRAWN),
      };
    },
    close,
  };
}

/**
 * Returns a store of sequences: `TRAINING_SEQUENCES` of `learnt`, then `validated` of `held`. The latest sequence is
 * kept, so that frames that are read one after another are made once.
 */
function createSequenceStore(learnt: MovingMnist, held: MovingMnist, validated: number): ClipStore {
  const { frames, size, channels } = movingMnist;
  const bytes = frameBytes({ size, channels });
  const sequence = new Uint8Array(frames * bytes);
  let latest = -1;
  return {
    clips: new Array<ClipStore['clips'][number]>(TRAINING_SEQUENCES + validated).fill({ name: 'sequence', frames }),
    read(clip, first, count, into) {
      if (clip !== latest) (clip < TRAINING_SEQUENCES ? learnt : held).sequence(clip, sequence);
      latest = clip;
      into.set(sequence.subarray(first * bytes, (first + count) * bytes));
    },
  };
}

/** @throws PxvError `USAGE` if a model is of frames of another size or of other channels */
function assertFrameShape(chain: Chain): void {
  const error = otherShape(chain, movingMnist.name, 'frames', movingMnist);
  if (error !== null) throw error;
}
