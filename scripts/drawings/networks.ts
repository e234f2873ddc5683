import type { Channels, Size } from '../../src/foundation/frame.js';
import { buildNetwork, type Network } from '../../src/model/network.js';
import { describeModel, type NetworkName } from '../../src/model/presets.js';
import type { Program } from '../../src/model/program.js';
import { traceReceptiveFields, type ReceptiveFields } from './receptive-fields.js';

/** Settings of a network that the drawings choose. No other settings show in the drawings. */
export interface DrawnNetwork {
  name: NetworkName;
  size: Size;
  channels: Channels;
  layers: number;
  hidden?: number;
  context?: number;
}

/** A network of a preset. */
export function networkOf({ hidden = 6, context = 0, ...settings }: DrawnNetwork): Network {
  const { name, ...rest } = settings;
  // Given frames as they are: what is made of earlier pixels would stand in the drawing too.
  const frames = 'previous-frames';
  const description = describeModel(name, { ...rest, levels: 256, hidden, head: 'softmax', context, frames });
  return buildNetwork(description.scales[0]);
}

/** The op whose weights are called so. */
export function opNamed({ ops, parameters }: Program, name: string) {
  const op = ops.find((each) => each.op !== 'add' && parameters[each.weights].name === `${name}.weights`);
  if (op === undefined) throw new RangeError(`no op with weights ${name}`);
  return op;
}

/** The receptive fields of what an op writes, within its network. */
export function fieldsAt(program: Program, op: Program['ops'][number]): ReceptiveFields {
  return traceReceptiveFields({ ...program, ops: program.ops.slice(0, program.ops.indexOf(op) + 1), out: op.out });
}
