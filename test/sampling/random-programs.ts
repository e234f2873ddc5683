import type { ScanOrder } from '../../src/backend/scan-shape.js';
import { cutGroups, type Slot } from '../../src/model/groups.js';
import { countHeadOutputs } from '../../src/model/heads/index.js';
import { imageFeatures, type NetworkDescription } from '../../src/model/description.js';
import type { Network } from '../../src/model/network.js';
import { ProgramBuilder } from '../../src/model/program.js';
import { randomNumbers } from '../random.js';

/** Whole numbers and choices at random. */
export class Dice {
  private readonly next: () => number;
  constructor(seed: number) {
    this.next = randomNumbers(seed);
  }
  from(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  of<T>(choices: readonly T[]): T {
    return choices[this.from(0, choices.length - 1)];
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

/**
 * A network of random ops that no layer would write, but that the colour rule allows: any slot is read by any op that
 * may read it, convolutions have any kernel, walks take any direction, given maps pass through ops of their own.
 */
export function randomProgram(seed: number): Network {
  const dice = new Dice(seed);
  const channels = dice.of([1, 3] as const);
  const mapFeatures = dice.chance(0.6) ? dice.from(1, 9) : 0;
  const description: NetworkDescription = {
    size: { width: dice.from(1, 9), height: dice.from(1, 8) },
    channels,
    levels: dice.from(2, 40),
    first: { kernel: 1, features: 3 },
    layers: [],
    skips: false,
    output: [],
    head: dice.chance(0.5)
      ? { type: 'softmax' }
      : {
          type: 'logistic-mixture',
          components: dice.from(1, 4),
          meanScale: dice.from(1, 20),
          colours: seed % 2 === 0 ? 'together' : 'apart',
        },
    conditioning: [],
  };
  const builder = new ProgramBuilder(description.size, channels, imageFeatures(description), mapFeatures);
  const kernels = [
    1,
    3,
    5,
    { height: 1, width: 3 },
    { height: 3, width: 1 },
    { height: 2 * dice.from(0, 3) + 1, width: 7 },
  ];
  const given: Slot[] = builder.map === null ? [] : [builder.map];
  const slots: Slot[] = [builder.image];
  let name = 0;
  const features = () => dice.of([3, 5, 8, 16, 17, 48, 50]);
  const fitting = (groups: readonly number[], among: readonly Slot[]) =>
    among.filter((slot) => slot !== builder.image && slot.groups.join() === groups.join());
  const conv = (x: Slot, count: number | readonly number[]) => {
    const total = typeof count === 'number' ? count : count.reduce((sum, size) => sum + size, 0);
    const isGiven = x.ready === 'given';
    const plus = (isGiven ? given : [...slots, ...given]).filter(
      (slot) => slot.features === total && slot.ready !== 'image',
    );
    return builder.conv(x, {
      name: `conv.${name++}`,
      kernel: dice.of(kernels),
      features: count,
      relu: dice.chance(0.5),
      plus: plus.length > 0 && dice.chance(0.5) ? dice.of(plus) : null,
    });
  };
  for (let op = dice.from(1, 9); op > 0; op--) {
    const kind = dice.from(0, 9);
    if (kind < 2 && given.length > 0) given.push(conv(dice.of(given), features()));
    else if (kind < 6) slots.push(conv(dice.of(slots), features()));
    else if (kind < 9) {
      const groups = cutGroups(features(), channels);
      const walk = dice.of<ScanOrder>(['rows', 'diagonals', 'mirrored-diagonals']);
      const gates = conv(
        dice.of(slots),
        groups.map((size) => 4 * size),
      );
      const states = builder.lstm(`lstm.${name++}`, gates, walk, dice.chance(0.5));
      if (walk !== 'mirrored-diagonals') slots.push(states);
      const other = fitting(groups, slots);
      const base = other.length > 0 ? dice.of(other) : conv(dice.of(slots), groups);
      slots.push(builder.add(base, states, walk === 'mirrored-diagonals' ? 1 : dice.of([0, 1] as const)));
    } else {
      const a = conv(dice.of(slots), features());
      slots.push(
        builder.add(
          a,
          dice.of(fitting(a.groups, [...slots, conv(dice.of(slots), a.groups)])),
          dice.of([0, 1] as const),
        ),
      );
    }
  }
  const last = dice.of(slots);
  const outputs = countHeadOutputs(description.head, description.levels, channels);
  const program = builder.finish(conv(last, outputs));
  return { description, program, parameters: program.parameters, conditioningParameters: 0 };
}
