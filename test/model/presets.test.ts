import type { Channels } from '../../src/foundation/frame.js';
import { describeModel, type PresetSettings } from '../../src/model/presets.js';

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
