import type { Channels } from '../../src/foundation/frame.js';
import { describeModel, inferChoices, type PresetSettings } from '../../src/model/presets.js';

/** The colours of the mixture that a preset describes. */
function coloursOf(channels: Channels, levels: number, changes: Partial<PresetSettings> = {}): string | undefined {
  const settings: PresetSettings = {
    ...{ size: { width: 8, height: 8 }, channels, levels, hidden: 6, layers: 1 },
    ...{ head: 'logistic-mixture', context: 0, ...changes },
  };
  const { head } = describeModel('pixel-cnn', settings).scales[0];
  return head.type === 'logistic-mixture' ? head.colours : 'no mixture';
}

test('a mixture of colour images chooses its components together, unless set otherwise or of two levels', () => {
  expect(coloursOf(3, 256)).toBe('together');
  expect(coloursOf(3, 256, { context: 2 })).toBe('together');
  expect(coloursOf(3, 256, { colours: 'apart' })).toBe('apart');
  expect(coloursOf(3, 2)).toBe('apart');
  expect(coloursOf(3, 2, { colours: 'together' })).toBe('together');
});

test('of grey images nothing is said of colours', () => {
  expect(coloursOf(1, 256)).toBeUndefined();
  expect(coloursOf(1, 256, { colours: 'together' })).toBeUndefined();
});

test.each([
  { context: 7, frames: { context: 7 } },
  { context: 8, frames: { context: 4, gru: { context: 8 } } },
  { context: 10, frames: { context: 4, gru: { context: 10 } } },
])('of a context of $context frames the conditioning has $frames, from which it is inferred', ({ context, frames }) => {
  const settings = { size: { width: 8, height: 8 }, channels: 1, levels: 256, hidden: 6, layers: 1 } as const;
  const model = describeModel('pixel-cnn', { ...settings, head: 'logistic-mixture', context });
  expect({ gru: undefined, ...model.scales[0].conditioning[0] }).toMatchObject({ gru: undefined, ...frames });
  expect(inferChoices(model)).toMatchObject({ context });
});

describe('of several scales', () => {
  const settings: PresetSettings = {
    size: { width: 9, height: 8 },
    channels: 3,
    levels: 256,
    hidden: 6,
    layers: 1,
    head: 'logistic-mixture',
    factors: [2, 4],
  };
  const conditionings = (changes: Partial<PresetSettings>) =>
    describeModel('pixel-cnn', { ...settings, ...changes }).scales.map(({ conditioning }) => conditioning);

  test.each([
    { name: 'warped frames', changes: {} },
    { name: 'previous frames', changes: { frames: 'previous-frames' } },
    { name: 'predicted pixels', changes: { shared: 'predicted' } },
  ] as const)('with $name the coarser image is a conditioning of its own', ({ changes }) => {
    const [, , finest] = conditionings(changes);
    expect(finest.map(({ type }) => type)).toEqual([
      'low-resolution-image',
      'frames' in changes ? 'previous-frames' : 'warped-frames',
    ]);
  });

  test('the choices of a model are found again from its description', () => {
    for (const changes of [
      {},
      { frames: 'previous-frames' },
      { shared: 'predicted' },
      { context: 0 },
      { context: 10 },
    ] as const) {
      const model = describeModel('pixel-cnn', { ...settings, ...changes });
      const choices = inferChoices(model)!;
      expect(choices.factors).toEqual([2, 4]);
      expect(describeModel(choices.network, choices)).toEqual(model);
    }
  });
});
