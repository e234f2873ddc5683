// Network and flags of train-step.mjs and draw.mjs: a preset without context frames, with a softmax head.
import { chooseBackend, describeModel } from '../dist/src/index.js';
import { networkChoice } from '../dist/src/model/presets.js';
import { refuseArguments, wholeNumber } from './arguments.mjs';

/** Flags of a network, of the batch size, of the seed and of the backend, as `parseArguments` takes them. */
export const networkOptions = {
  network: { type: 'string', default: 'pixel-cnn' },
  hidden: { type: 'string', default: '128' },
  layers: { type: 'string', default: '15' },
  size: { type: 'string', default: '32x32' },
  channels: { type: 'string', default: 'rgb' },
  levels: { type: 'string', default: '256' },
  'head-width': { type: 'string' },
  batch: { type: 'string', default: '16' },
  seed: { type: 'string', default: '1' },
  backend: { type: 'string' },
  'instruction-set': { type: 'string' },
  threads: { type: 'string' },
  json: { type: 'boolean', default: false },
};

/**
 * Returns the description of a network with a softmax head.
 * @param headWidth number of features of the 1x1 layer before the head
 */
export function describeNetwork({ network, headWidth, ...settings }) {
  return describeModel(network, { ...settings, output: [headWidth], head: 'softmax', context: 0 });
}

/** Returns the description, the batch size and the seed that flags choose. Exits if one of the flags is wrong. */
export function readNetwork(values) {
  const { network, channels } = values;
  const [width, height = width] = values.size.split('x').map(Number);
  if (!networkChoice.options.includes(network))
    refuseArguments(`--network: expected one of ${networkChoice.options.join(', ')}, received ${network}`);
  if (!(width >= 1 && height >= 1)) refuseArguments(`--size: expected WxH or a side, received ${values.size}`);
  if (!['rgb', 'gray', '3', '1'].includes(channels))
    refuseArguments(`--channels: expected rgb or gray, received ${channels}`);
  const hidden = wholeNumber(values, 'hidden', 3);
  const description = describeNetwork({
    network,
    hidden,
    layers: wholeNumber(values, 'layers'),
    size: { width, height },
    channels: ['gray', '1'].includes(channels) ? 1 : 3,
    levels: wholeNumber(values, 'levels', 2),
    headWidth: values['head-width'] === undefined ? 2 * hidden : wholeNumber(values, 'head-width', 3),
  });
  return { description, batch: wholeNumber(values, 'batch'), seed: BigInt(wholeNumber(values, 'seed', 0)) };
}

/** Starts the backend that flags choose. Returns its name, instruction set and number of threads. */
export async function startBackend(values) {
  const { backend, 'instruction-set': instructionSet } = values;
  const threads = values.threads && wholeNumber(values, 'threads');
  const { note, ...chosen } = await chooseBackend({
    ...(backend && { backend }),
    ...(instructionSet && { instructionSet }),
    ...(threads && { threads }),
  });
  if (note !== null) console.error(note);
  return chosen;
}
