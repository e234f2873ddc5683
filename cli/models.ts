import { Command } from 'commander';
import { framesPerSecond } from '../src/foundation/frame-rate.js';
import type { Model } from '../src/model/model.js';
import type { ShippedModelInfo } from '../src/model/shipped-models.js';
import { makeTable, tableText } from '../src/document/blocks/table.js';
import { addAction, type Action } from './options.js';

/** Returns the `models` command, which lists shipped models or describes others. */
export function createCommand(): Command {
  const models = new Command('models')
    .description('list the shipped models and their purposes, or describe other models')
    .argument('[model...]', 'run folders, .safetensors files or names (default: all shipped models)')
    .addHelpText('after', HELP);
  return addAction(models, {}, listModels);
}

const HELP = `
Examples:
  $ pxv models
  $ pxv models runs/mine runs/other

'last steps' are those of the last training: one that starts from another model counts from 0.`;

const listModels: Action<Record<never, never>, [string[]]> = async (_, named) => {
  const { loadModel } = await import('../src/model/checkpoint.js');
  const { describeShippedModel, listShippedModels } = await import('../src/model/shipped-models.js');
  const { readBestValidation } = await import('../src/training/run-folder.js');
  const names = named.length > 0 ? named : listShippedModels();
  const models = names.map((name) => {
    const best = readBestValidation(name);
    const score = best && ({ value: best.bitsPerDim, unit: 'bits/dim', on: 'its validation' } as const);
    return { ...summary(loadModel(name)), ...(describeShippedModel(name) ?? { for: null, learnedFrom: null, score }) };
  });
  if (models.length === 0)
    return { text: 'no models ship with this version; train one: pxv train --help', json: { models } };
  const rows = models.map(
    ({ model, layers, head, width, height, channels, scales, context, frameRate, parameters, steps }) => [
      model,
      layers,
      head,
      `${width}x${height}`,
      channels === 1 ? 'gray' : 'rgb',
      ...[scales, context].map(String),
      frameRate === null ? '-' : String(Math.round(100 * frameRate) / 100),
      ...[parameters, steps].map(String),
    ],
  );
  const table = tableText(makeTable('lllllrrrrr', TITLES, rows));
  return { text: [table, ...models.map(aboutLines)].join('\n'), json: { models } };
};

const TITLES = [
  ...['model', 'layers', 'head', 'size', 'channels'],
  ...['scales', 'context', 'frames/s', 'parameters', 'last steps'],
];

/** Facts about a model besides its networks; null if unknown. */
type About = { [K in keyof ShippedModelInfo]: ShippedModelInfo[K] | null };

function aboutLines({ model, ...about }: { model: string } & About): string {
  const lines = [
    about.learnedFrom !== null && `  learned from ${about.learnedFrom}`,
    about.score !== null && scored(about.score),
  ].filter((line) => line !== false);
  return lines.length === 0 ? '' : [`\n${model}${about.for === null ? '' : `: ${about.for}`}`, ...lines].join('\n');
}

const scored = ({ value, unit, on }: ShippedModelInfo['score']) =>
  `  scores ${value.toFixed(unit === 'bits/dim' ? 3 : 2)} ${unit} on ${on}`;

function summary({ name, description, chain, weights, step, frameRate }: Model) {
  const { size, channels, context } = chain.exampleShape;
  const { layers, head } = description.scales[description.scales.length - 1];
  const kinds = [...new Set(layers.map(({ type }) => type))];
  const counted = kinds.map((kind) => `${layers.filter(({ type }) => type === kind).length} ${kind}`);
  return {
    model: name,
    layers: counted.join(' + '),
    head: head.type,
    ...size,
    channels,
    /** Number of networks in the chain; the other facts are those of the finest. */
    scales: description.scales.length,
    /** Number of context frames. */
    context,
    /** Target frame rate of the training clips; null if each clip kept its own. */
    frameRate: frameRate && framesPerSecond(frameRate),
    parameters: weights.reduce((sum, { length }) => sum + length, 0),
    /** Number of optimiser steps of the last training. A training that starts from another model counts from 0. */
    steps: step,
  };
}
