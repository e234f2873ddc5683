import type { Tap } from '../backend/convolution-shape.js';
import { cellFrom, hiddenFeatures, stateToState } from '../backend/walk-shape.js';
import type { Op } from '../model/ops/index.js';
import type { Program } from '../model/program.js';
import type { Slot } from '../model/slot.js';

const readyCodes: Record<Slot['ready'], number> = { given: 0, image: 1, pixel: 2, row: 3, earlier: 4 };
const opCodes: Record<Op['op'], number> = { conv: 0, lstm: 1, add: 2 };

/** A program as native/engine/program.cc reads it: what an op does not have is 0, a slot or parameter -1. */
export function programNumbers({ size, slots, ops, image, map, matched, out }: Program): Int32Array {
  return Int32Array.from([
    ...[size.height, size.width, image.id, map?.id ?? -1, matched?.id ?? -1, out.id],
    slots.length,
    ...slots.flatMap(({ ready, groups }) => [readyCodes[ready], groups.length, ...groups]),
    ops.length,
    ...ops.flatMap(opNumbers),
  ]);
}

function opNumbers(op: Op): number[] {
  switch (op.op) {
    case 'conv': {
      const { x, plus, out, relu, weights, bias, shape } = op;
      const slots = [x.id, plus?.id ?? -1, out.id];
      const parameters = [weights, bias, -1];
      return [opCodes.conv, ...slots, Number(relu), 0, 0, 0, ...parameters, ...productNumbers(out.groups, shape.taps)];
    }
    case 'lstm': {
      const { gates, out, shape, weights, initial } = op;
      const { dy, dx } = cellFrom[shape.walk];
      const groups = shape.groups.map((size) => 4 * size);
      const taps = stateToState(shape).taps.map((tap) => ({ ...tap, sees: groups.map(() => hiddenFeatures(shape)) }));
      const slots = [gates.id, -1, out.id];
      return [opCodes.lstm, ...slots, 0, 0, dy, dx, weights, -1, initial ?? -1, ...productNumbers(groups, taps)];
    }
    case 'add': {
      const { a, b, rowsDown, out } = op;
      return [opCodes.add, a.id, b.id, out.id, 0, rowsDown, 0, 0, -1, -1, -1, ...productNumbers([], [])];
    }
  }
}

function productNumbers(groups: readonly number[], taps: readonly Tap[]): number[] {
  const tapNumbers = taps.flatMap(({ dy, dx, position, sees }) => [dy, dx, position, ...sees]);
  return [groups.length, ...groups, taps.length, ...tapNumbers];
}
