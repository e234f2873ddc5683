import type { AddOp, ConvOp, LstmOp } from '../model/ops/index.js';
import type { Program } from '../model/program.js';
import type { Slot } from '../model/groups.js';

/**
 * Returns the number of leading colour groups of input `x` that output group `group` may read at a kernel offset. All
 * groups are visible at earlier offsets in raster order, none at later ones. At (0, 0), mask A shows the groups of the
 * image before `group`; mask B shows features of `group` too (1601.06759, section 3.4 and figure 2). Conditioning
 * inputs are visible at every offset, and features made from earlier pixels at (0, 0) too.
 *
 * This definition is independent of the code that makes a program's taps, so that checks can compare the two.
 * @param dy rows down from the output's pixel
 * @param dx columns to the right
 */
export function unmaskedGroups(x: Slot, group: number, dy: number, dx: number): number {
  if (x.ready === 'given' || dy < 0 || (dy === 0 && dx < 0)) return x.groups.length;
  if (dy > 0 || dx > 0) return 0;
  if (x.ready === 'earlier') return x.groups.length;
  return x.ready === 'image' ? group : group + 1;
}

/**
 * Returns the number of rows by which the masks require an add to shift its input `b` down: 1 if `b` depends on all
 * pixels of its row, including later ones, else 0.
 */
export function expectedRowsDown({ b }: AddOp): 0 | 1 {
  return b.ready === 'row' ? 1 : 0;
}

/**
 * Returns the positions of a kernel in raster order, as offsets from its centre: `dy` rows down, `dx` columns to the
 * right.
 */
export function kernelOffsets({ kernel: { height, width } }: ConvOp['shape']): { dy: number; dx: number }[] {
  return Array.from({ length: height * width }, (_, place) => ({
    dy: Math.floor(place / width) - (height - 1) / 2,
    dx: (place % width) - (width - 1) / 2,
  }));
}

/**
 * Checks the masks of a program. Faults are:
 *
 * - a convolution or the first input of an add reads a map that depends on later pixels of its row;
 * - a convolution has a tap outside its kernel, or a group reads more or fewer features at an offset than the paper's
 *   masks allow;
 * - an add shifts its second input by another number of rows than `expectedRowsDown`;
 * - a convolution or an LSTM computes other colour groups than its output has, or an add has inputs of other groups;
 * - the colour groups of an LSTM's gates are not four times as wide as those of its states.
 *
 * @returns one line for each fault; empty if there are none
 */
export function findMaskFaults(program: Program): string[] {
  return program.ops.flatMap((op) => {
    if (op.op === 'add') return addFaults(op);
    const { name } = program.parameters[op.weights];
    return op.op === 'conv' ? convFaults(op, name) : lstmFaults(op, name);
  });
}

function convFaults({ x, shape, out }: ConvOp, name: string): string[] {
  if (x.ready === 'row') return [`${name} reads a map that shows what is still to come`];
  const faults = groupFaults(name, 'the output groups', shape.groups, out.groups);
  const places = kernelOffsets(shape);
  for (const { dy, dx } of shape.taps)
    if (!places.some((place) => place.dy === dy && place.dx === dx))
      faults.push(`${name} has a tap at (${dy}, ${dx}), outside its kernel`);
  for (const { dy, dx } of places) {
    const taps = shape.taps.filter((tap) => tap.dy === dy && tap.dx === dx);
    out.groups.forEach((_, group) => {
      const promised = x.groups.slice(0, unmaskedGroups(x, group, dy, dx)).reduce((sum, size) => sum + size, 0);
      const seen = Math.max(0, ...taps.map(({ sees }) => sees[group]));
      if (seen !== promised)
        faults.push(
          `${name}: through the tap at (${dy}, ${dx}) group ${group} sees ${seen} features instead of ${promised}`,
        );
    });
  }
  return faults;
}

function lstmFaults({ gates, shape, out }: LstmOp, name: string): string[] {
  const fourfold = out.groups.map((size) => 4 * size);
  if (!out.groups.every(Number.isInteger))
    return [`${name}: the states are cut into ${out.groups.join(' + ')} features`];
  return [
    ...groupFaults(name, 'the states', shape.groups, out.groups),
    ...groupFaults(name, 'the gates', gates.groups, fourfold),
  ];
}

function addFaults(op: AddOp): string[] {
  const { a, b, rowsDown, out } = op;
  const name = `the sum of maps ${a.id} and ${b.id}`;
  const faults = [
    ...groupFaults(name, 'the first', a.groups, out.groups),
    ...groupFaults(name, 'the second', b.groups, out.groups),
  ];
  if (a.ready === 'row') faults.push(`${name}: the first shows what is still to come`);
  if (rowsDown !== expectedRowsDown(op))
    faults.push(`${name}: the second comes down by ${rowsDown} rows instead of ${expectedRowsDown(op)}`);
  return faults;
}

function groupFaults(name: string, what: string, groups: readonly number[], expected: readonly number[]): string[] {
  if (groups.join() === expected.join()) return [];
  return [`${name}: ${what} are cut into ${groups.join(' + ')} instead of ${expected.join(' + ')}`];
}
