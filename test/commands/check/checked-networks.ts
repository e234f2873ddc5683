import type { ConvolutionShape } from '../../../src/backend/convolution-shape.js';
import type { Channels } from '../../../src/foundation/frame.js';
import type { LayerDescription } from '../../../src/model/layers/index.js';
import { buildNetwork, type Network } from '../../../src/model/network.js';
import type { ConvOp, Op } from '../../../src/model/ops/index.js';
import { framedNetworks, tinyChain, tinyNetwork } from '../../model/tiny-networks.js';

/** Seven features are cut into three colours as 3 + 2 + 2: thirds of the gates do not end where the colours do. */
const hidden = 7;

export const layerTypes = ['pixel-cnn-block', 'row-lstm', 'diagonal-bilstm'] as const;

/** Two layers of a kind. */
export function layersOf(
  type: LayerDescription['type'],
  initialState: 'zero' | 'learned' = 'zero',
): LayerDescription[] {
  const layer: LayerDescription = type === 'pixel-cnn-block' ? { type, hidden } : { type, hidden, initialState };
  return [layer, layer];
}

/** A network of 5x7 pixels with a 7x7 first layer and two layers of a kind. */
export function checkedNetwork(type: LayerDescription['type'], channels: Channels, conditional: boolean): Network {
  const description = {
    channels,
    layers: layersOf(type, conditional ? 'learned' : 'zero'),
    first: { kernel: 7, features: 14 },
  };
  return buildNetwork(tinyNetwork(conditional ? description : { ...description, conditioning: [] }));
}

/** Each kind of layer, grey and RGB, conditional and not, with a name for a test's title. */
export const checkedNetworks = layerTypes.flatMap((type) =>
  ([1, 3] satisfies Channels[]).flatMap((channels) =>
    [true, false].map((conditional): [string, Network] => [
      `${type}, ${channels === 1 ? 'grey' : 'RGB'} 5x7, ${conditional ? 'given two frames' : 'unconditional'}`,
      checkedNetwork(type, channels, conditional),
    ]),
  ),
);

/** Each kind of layer with skip connections, as the finer scale of a chain, and given frames as well. */
export const chainedNetworks = layerTypes.map((type): [string, Network] => {
  const [, fine] = tinyChain({ layers: layersOf(type), first: { kernel: 7, features: 14 }, skips: true });
  return [`${type} with skip connections, RGB 5x7, given a small image and two frames`, buildNetwork(fine)];
});

/** Networks that expect their frames to move, grey and RGB, and one that is given a small image as well. */
export const movingNetworks = framedNetworks
  .filter(([name]) => /warped-frames of 2(?!, looked)|two frames that move/.test(name))
  .map(([name, description]): [string, Network] => [name, buildNetwork(description)]);

/** Networks that look for the surroundings of each pixel; the first layer of one reaches less far than a template. */
export const lookedForNetworks = framedNetworks
  .filter(([name]) => name.includes('looked for in'))
  .map(([name, description]): [string, Network] => [name, buildNetwork(description)]);

/** The network with one op of its program replaced. */
function withOp(network: Network, isMeant: (op: Op) => boolean, change: (op: Op) => Op): Network {
  const { program } = network;
  if (!program.ops.some(isMeant)) throw new Error('the network has no such op');
  return { ...network, program: { ...program, ops: program.ops.map((op) => (isMeant(op) ? change(op) : op)) } };
}

/** The network with another shape of the convolution that the weights of this name belong to. */
function withConv(
  network: Network,
  name: string,
  change: (shape: ConvolutionShape, op: ConvOp) => ConvolutionShape,
): Network {
  const isMeant = (op: Op) => op.op === 'conv' && network.program.parameters[op.weights].name === `${name}.weights`;
  return withOp(network, isMeant, (op) => (op.op === 'conv' ? { ...op, shape: change(op.shape, op) } : op));
}

/** The 3x3 of the first block with a tap to the right of its centre. */
export function withFutureTap(network: Network): Network {
  return withConv(network, 'layers.0.wide', (shape) => ({
    ...shape,
    taps: [...shape.taps, { dy: 0, dx: 1, position: 5, sees: shape.groups.map(() => shape.inFeatures) }],
  }));
}

/** The 7x7 of the first layer without the last tap of the row above, the only way to what lies as far to the right. */
export function withoutTap(network: Network): Network {
  return withConv(network, 'first', (shape) => ({
    ...shape,
    taps: shape.taps.filter(({ dy, dx }) => dy !== -1 || dx !== 3),
  }));
}

/** The states of the walk from the right are added where they are, not a row further down. */
export function withoutShift(network: Network): Network {
  return withOp(
    network,
    (op) => op.op === 'add',
    (op) => (op.op === 'add' ? { ...op, rowsDown: 0 } : op),
  );
}

/** The gates of a layer masked by thirds of all of them, which do not end where the colours do. */
export function withGatesInThirds(network: Network, name: string): Network {
  return withConv(network, name, (shape) => ({ ...shape, groups: [10, 9, 9] }));
}

/** The same where the walk from the right claims as well to show nothing that is still to come. */
export function withFalseClaim(network: Network): Network {
  const unshifted = withoutShift(network);
  return withOp(
    unshifted,
    (op) => op.op === 'add',
    (op) => (op.op === 'add' ? { ...op, b: { ...op.b, ready: 'pixel' } } : op),
  );
}
