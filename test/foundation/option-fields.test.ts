import { z } from 'zod';
import { flagRegistry, overridesOf, withFlag } from '../../src/foundation/option-fields.js';

test('the overrides of a configuration are its fields with a flag, optional and without defaults', () => {
  const overrides = overridesOf({
    patience: withFlag(z.int().min(2).nullable().default(3), 'count', 'early stopping', { max: 9 }),
    pace: z.int().default(1),
  });
  expect(Object.keys(overrides)).toEqual(['patience']);
  const { patience } = overrides;
  expect(patience.parse(undefined)).toBeUndefined();
  for (const wrong of [1, null, '2']) expect(patience.safeParse(wrong).success).toBe(false);
  expect(patience.parse(2)).toBe(2);
  expect(flagRegistry.get(patience)).toEqual({ value: 'count', help: 'early stopping', max: 9 });
});
