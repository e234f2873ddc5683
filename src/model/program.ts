import type { ConvolutionShape, Tap } from '../backend/convolution-shape.js';
import type { Channels, Size } from '../foundation/frame.js';
import type { Op } from './ops/index.js';
import { slotsInBf16 } from './bf16-slots.js';
import { cutGroups, tapPosition, visibleFeatures, type Availability, type Slot } from './groups.js';
import { convolutionParameters, lstmParameters, type ParameterSpec } from '../backend/parameters.js';
import type { ScanOrder, ScanShape } from '../backend/scan-shape.js';

/** Program of a network between the pixels and the head: ops in the order in which they run, and their parameters. */
export interface Program {
  size: Size;
  slots: readonly Slot[];
  ops: readonly Op[];
  parameters: readonly ParameterSpec[];
  /** Slot of the scaled image (see `imageInput`). */
  image: Slot;
  /** Slot of the conditioning's feature map; null for an unconditional network. */
  map: Slot | null;
  /** Slot of the features of earlier pixels (see earlier-pixels/); null if there are none. */
  earlierFeatures: Slot | null;
  /** Slot that the head reads: its outputs for each colour channel in turn. */
  out: Slot;
}

/** Settings of a convolution of a program. */
export interface ConvSettings {
  /** Name of the parameters: `<name>.weights`, `<name>.bias`. */
  name: string;
  /** Kernel height and width in pixels, odd; a single number if they are equal. */
  kernel: number | { height: number; width: number };
  /** Number of output features, cut into colour groups by `cutGroups`; or the sizes of the groups. */
  features: number | readonly number[];
  /** True to apply a ReLU to the input first. Default: false. */
  relu?: boolean;
  /** Slot with the same number of features, to add to the result. Default: none. */
  plus?: Slot | null;
}

/** Builder of a network's program. Layers call the builder; masks follow from the slots that are read. */
export class ProgramBuilder {
  private readonly slots: Slot[] = [];
  private readonly ops: Op[] = [];
  private readonly parameters: ParameterSpec[] = [];
  /** Slot of the scaled image (see `imageInput`). */
  readonly image: Slot;
  /** Slot of the conditioning's feature map; null for an unconditional network. */
  readonly map: Slot | null;
  /** Slot of the features of earlier pixels; null if there are none. */
  readonly earlierFeatures: Slot | null;

  /**
   * @param imageFeatures number of features of each image channel
   * @param mapFeatures number of features of the conditioning's map; 0: there is none
   * @param earlierFeatureCount number of features of earlier pixels; 0: there are none
   */
  constructor(
    private readonly size: Size,
    readonly channels: Channels,
    imageFeatures: number,
    mapFeatures: number,
    earlierFeatureCount = 0,
  ) {
    this.image = this.slot(new Array<number>(channels).fill(imageFeatures), 'image');
    this.map = mapFeatures > 0 ? this.slot([mapFeatures], 'given') : null;
    this.earlierFeatures = earlierFeatureCount > 0 ? this.slot([earlierFeatureCount], 'earlier') : null;
  }

  /**
   * Adds a convolution of x at its own size, zero outside the image, masked by the colour rule. Returns the slot of the
   * output.
   * @throws RangeError if `settings.plus` has another number of features than the output
   */
  conv(x: Slot, settings: ConvSettings): Slot {
    const { kernel, relu = false, plus = null } = settings;
    const ready: Availability = x.ready === 'given' ? 'given' : 'pixel';
    const out = this.slot(this.outputGroups(settings.features, ready), ready);
    if (plus !== null && plus.features !== out.features)
      throw new RangeError(`${settings.name}: cannot add ${plus.features} features to ${out.features}`);
    const { height: inHeight, width: inWidth } = this.size;
    const { height, width } = typeof kernel === 'number' ? { height: kernel, width: kernel } : kernel;
    const shape: ConvolutionShape = {
      inHeight,
      inWidth,
      inFeatures: x.features,
      outHeight: inHeight,
      outWidth: inWidth,
      outFeatures: out.features,
      stride: 1,
      kernel: { height, width },
      groups: out.groups,
      taps: visibleTaps(x, height, width, out.groups.length),
    };
    const weights = this.parameters.length;
    this.parameters.push(...convolutionParameters(settings.name, shape));
    this.ops.push({ op: 'conv', x, shape, shapeInBf16: shape, weights, bias: weights + 1, relu, plus, out });
    return out;
  }

  /**
   * Adds an LSTM over the image, with parameters `<name>.weights` and, if learned, `<name>.initial`.
   * @param gates 4h features, o f i g for each colour group
   * @param scanOrder scan order of the LSTM
   * @param learned true if the states outside the image are parameters, false if they are zero
   * @throws RangeError if a group of gates cannot be split in four
   * @returns h features; in the order `mirrored-diagonals`, which starts at the right, they depend on their whole row
   */
  lstm(name: string, gates: Slot, scanOrder: ScanOrder, learned: boolean): Slot {
    if (gates.groups.some((size) => size % 4 !== 0))
      throw new RangeError(`${name}: cannot cut gates of ${gates.groups.join(', ')} features into o, f, i and g`);
    const groups = gates.groups.map((size) => size / 4);
    const ready = scanOrder === 'mirrored-diagonals' ? 'row' : 'pixel';
    const [out, activations, cells] = [groups, gates.groups, groups].map((sizes) => this.slot(sizes, ready));
    const shape: ScanShape = { ...this.size, scanOrder, groups };
    const weights = this.parameters.length;
    this.parameters.push(...lstmParameters(name, shape, learned));
    const initial = learned ? weights + 1 : null;
    this.ops.push({ op: 'lstm', gates, shape, shapeInBf16: shape, weights, initial, out, activations, cells });
    return out;
  }

  /**
   * Adds the sum of two slots, with `b` moved down by `rowsDown`. Returns the slot of the sum.
   * @throws RangeError if the colour groups differ, or if `b` shows its whole row and is not moved down
   */
  add(a: Slot, b: Slot, rowsDown: 0 | 1): Slot {
    if (a.groups.join() !== b.groups.join()) throw new RangeError('cannot add slots of different groups');
    if (b.ready === 'row' && rowsDown === 0) throw new RangeError('a slot that needs its whole row must come down');
    const out = this.slot(a.groups, a.ready);
    this.ops.push({ op: 'add', a, b, rowsDown, out });
    return out;
  }

  /**
   * Adds an unmasked 1x1 convolution of the conditioning's feature map, with `features` output features. Returns the
   * slot of the output; null if there is no map.
   * @param name prefix of the names of the parameters
   */
  conditioned(name: string, features: number): Slot | null {
    return this.map === null ? null : this.conv(this.map, { name, kernel: 1, features });
  }

  /**
   * Adds a 1x1 convolution of the features of earlier pixels, with `features` output features, plus the slot `plus`.
   * Returns the slot of the sum. Returns `plus` if there are no features of earlier pixels.
   * @param name prefix of the names of the parameters
   */
  withEarlierFeatures(name: string, features: number | readonly number[], plus: Slot | null): Slot | null {
    return this.earlierFeatures === null ? plus : this.conv(this.earlierFeatures, { name, kernel: 1, features, plus });
  }

  /** Returns the finished program. @param out slot that the head reads */
  finish(out: Slot): Program {
    const { size, slots, ops, parameters, image, map, earlierFeatures } = this;
    const inBf16 = slotsInBf16(ops, out);
    for (const op of ops) {
      if (op.op === 'conv')
        op.shapeInBf16 = { ...op.shape, inBf16: { x: inBf16.has(op.x.id), out: inBf16.has(op.out.id) } };
      if (op.op === 'lstm') op.shapeInBf16 = { ...op.shape, gatesInBf16: inBf16.has(op.gates.id) };
    }
    return { size, slots, ops, parameters, image, map, earlierFeatures, out };
  }

  private outputGroups(features: number | readonly number[], ready: Availability): readonly number[] {
    if (typeof features !== 'number') return features;
    return ready === 'given' ? [features] : cutGroups(features, this.channels);
  }

  private slot(groups: readonly number[], ready: Availability): Slot {
    const features = groups.reduce((sum, size) => sum + size, 0);
    const slot: Slot = { id: this.slots.length, features, groups, ready };
    this.slots.push(slot);
    return slot;
  }
}

/** Returns the taps of a height x width convolution through which some output group reads features, in raster order. */
function visibleTaps(x: Slot, height: number, width: number, outGroups: number): Tap[] {
  const taps = Array.from({ length: height * width }, (_, position): Tap => {
    const dy = Math.floor(position / width) - (height - 1) / 2;
    const dx = (position % width) - (width - 1) / 2;
    return { dy, dx, position, sees: visibleFeatures(x.ready, x.groups, outGroups, tapPosition(dy, dx)) };
  });
  return taps.filter(({ sees }) => sees.some((features) => features > 0));
}
