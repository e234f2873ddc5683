import { describeModel } from '../../src/model/presets.js';
import type { Chain } from '../../src/model/chain.js';
import type { NetworkDescription } from '../../src/model/description.js';
import { createClipTrainingData } from '../../src/training/clip-batches.js';
import type { ClipStore } from '../../src/training/random-frames.js';
import { runSchema, type RunConfiguration } from '../../src/training/configuration.js';
import { parseConfiguration } from '../../src/foundation/parse-configuration.js';
import { randomNumbers } from '../random.js';

/** Clips in memory, and which frames of them were read. */
export interface RecordingStore extends ClipStore {
  reads: { clip: number; first: number; count: number }[];
}

/**
 * Clips of a bright square that moves one pixel a frame over a dark ground, from edge to edge and back, with some
 * noise: where it goes follows from two frames before.
 */
export function movingSquares(
  clips: number,
  frames: number,
  { size, channels }: Pick<NetworkDescription, 'size' | 'channels'>,
): RecordingStore {
  const { width, height } = size;
  const bytes = height * width * channels;
  const side = 3;
  const data = Array.from({ length: clips }, (_, clip) => {
    const next = randomNumbers(clip);
    const start = Math.floor(next() * 1000);
    const top = Math.floor(next() * (height - side + 1));
    return Uint8Array.from({ length: frames * bytes }, (_, at) => {
      const frame = Math.floor(at / bytes);
      const pixel = Math.floor((at % bytes) / channels);
      const y = Math.floor(pixel / width);
      const x = pixel % width;
      const range = width - side;
      const phase = (start + frame) % (2 * range);
      const left = phase <= range ? phase : 2 * range - phase;
      const inside = x >= left && x < left + side && y >= top && y < top + side;
      return (inside ? 200 : 40) + Math.floor(next() * 16);
    });
  });
  const reads: RecordingStore['reads'] = [];
  return {
    reads,
    clips: data.map((_, clip) => ({ name: `clip ${clip}`, frames })),
    read(clip, first, count, into) {
      if (first < 0 || count < 1 || first + count > frames) throw new Error(`no frames ${first} + ${count}`);
      reads.push({ clip, first, count });
      into.set(data[clip].subarray(first * bytes, (first + count) * bytes));
    },
  };
}

/** Four clips of moving squares as training data: three to train on, and the last from its second frame to validate. */
export function squaresToTrainOn(chain: Chain, training: RunConfiguration['training']) {
  const store = movingSquares(4, 12, chain.exampleShape);
  return { store, data: createClipTrainingData(chain, store, [0, 1, 2], [{ clip: 3, from: 1 }], training) };
}

/** A training of a tiny network; what is left out has its default. */
export function tinyRun(training: object = {}, network: Partial<NetworkDescription> = {}): RunConfiguration {
  const model = describeModel('pixel-cnn', {
    size: { width: 12, height: 10 },
    channels: 1,
    levels: 256,
    hidden: 6,
    layers: 2,
    head: 'logistic-mixture',
    context: 2,
  });
  const conditioning = [{ type: 'previous-frames', context: 2, features: 4 }];
  const value = {
    model: { ...model, scales: [{ ...model.scales[0], conditioning, ...network }] },
    training: { steps: 6, batch: 2, validationExamples: 4, validations: 2, ...training },
    data: { type: 'clips', frames: ['clips'] },
  };
  return parseConfiguration(runSchema, value, { operation: 'train', argument: 'test', code: 'USAGE' });
}
