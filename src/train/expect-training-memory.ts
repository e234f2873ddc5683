import { imageSets } from '../../datasets/index.js';
import { numberOf } from '../foundation/number-of.js';
import { buildChain } from '../model/chain.js';
import type { ModelDescription } from '../model/description.js';
import { hiddenFeatures, modelAtSize, modelOfHidden } from '../model/smaller-models.js';
import type { RunConfiguration, TrainingConfiguration } from '../training/configuration.js';
import { VALIDATION_IMAGES } from '../training/image-data.js';
import { VALIDATION_FRAMES } from '../training/validation.js';
import { inUnits } from '../memory/byte-units.js';
import {
  isEstimated,
  largest,
  memoryInReach,
  tooLarge,
  tooMuch,
  type DescribedModel,
} from '../memory/expect-memory.js';
import { adaptingMemory, trainingMemory } from './training-memory.js';

/** Most bytes that a training would take, over its stages: see `trainingMemory`. */
export function trainingBytes(
  model: ModelDescription,
  { batch, shards, stages, optimiser, validationExamples }: TrainingConfiguration,
  kind: RunConfiguration['data']['type'],
): number {
  const chain = buildChain(model);
  const validated = Math.min(batch, validationExamples, kind === 'clips' ? VALIDATION_FRAMES : VALIDATION_IMAGES);
  const inShard = (examples: number) => Math.ceil(examples / shards);
  const ofStages = stages.map(({ rollOuts, trains }) =>
    trainingMemory(chain, { batch: inShard(batch), rollOuts: inShard(rollOuts), optimiser, trains, validated }),
  );
  return Math.max(...ofStages);
}

/**
 * Refuses a training that would take more memory than there is, by an estimate (see `trainingMemory`), and names what
 * would fit.
 * @throws PxvError `RESOURCES`
 */
export function expectTrainingMemory({ model, training, data }: RunConfiguration): void {
  if (!isEstimated()) return;
  const { batch, stages } = training;
  const bytesOf = (description: ModelDescription, examples = batch, most = Infinity) =>
    trainingBytes(
      description,
      {
        ...training,
        batch: examples,
        stages: stages.map((stage) => ({ ...stage, rollOuts: Math.min(most, stage.rollOuts) })),
      },
      data.type,
    );
  const most = memoryInReach();
  const bytes = bytesOf(model);
  if (bytes <= most) return;

  const { size } = model.scales[model.scales.length - 1];
  const sizeAt = (width: number) => ({ width, height: Math.max(1, Math.round((width * size.height) / size.width)) });
  const hidden = hiddenFeatures(model);
  const mostRollOuts = Math.max(...stages.map((stage) => stage.rollOuts));
  const fits = (needed: number) => needed <= most;
  const smallerBatch = largest(1, batch - 1, (count) => fits(bytesOf(model, count)));
  const width = largest(8, size.width - 1, (side) => fits(bytesOf(modelAtSize(model, sizeAt(side)))));
  const fewerRollOuts = largest(0, mostRollOuts - 1, (count) => fits(bytesOf(model, batch, count)));
  const narrower = largest(3, hidden - 1, (features) => fits(bytesOf(modelOfHidden(model, features))));
  // The images of a data set have a size of their own.
  const hasOwnSize = data.type === 'images' && imageSets.some(({ name }) => name === data.set);
  const choices = [
    ...(smallerBatch === null ? [] : [`a batch of ${smallerBatch} (--batch)`]),
    ...(fewerRollOuts === null ? [] : [`${numberOf(fewerRollOuts, 'roll-out')} a step (rollOuts)`]),
    ...(width === null || hasOwnSize ? [] : [`a size of ${sizeAt(width).width}x${sizeAt(width).height} (--size)`]),
    ...(narrower === null ? [] : [`${narrower} features in a layer (--hidden)`]),
  ];
  const remedy = choices.length > 0 ? `these fit: ${choices.join(', or ')}` : 'choose a smaller size and network';
  const rollOuts = mostRollOuts > 0 ? ` and ${numberOf(mostRollOuts, 'roll-out')}` : '';
  const what = `a batch of ${batch}${rollOuts} at ${size.width}x${size.height}`;
  throw tooMuch('train', 'memory', most, `about ${inUnits(bytes)} for ${what}`, remedy);
}

/**
 * Refuses to score with weights that learn, one example at a time, what would take more memory than there is.
 * @throws PxvError `RESOURCES`
 */
export function expectAdaptingMemory({ chain, description }: DescribedModel): void {
  if (!isEstimated()) return;
  const most = memoryInReach();
  if (adaptingMemory(chain) > most) throw tooLarge('score', description, true, most, adaptingMemory);
}
