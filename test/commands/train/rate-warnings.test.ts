import { parseFrameRate } from '../../../src/foundation/frame-rate.js';
import { mixedRatesWarning } from '../../../src/commands/train/rate-warnings.js';

test('rates within one and a half of their median are not told of', () => {
  const clips = (...rates: string[]) => rates.map((text) => ({ name: text, frameRate: parseFrameRate(text)! }));
  expect(mixedRatesWarning(clips('20', '30', '30', '45'))).toBeNull();
  expect(mixedRatesWarning(clips('19', '30', '30', '46', '50', '60', '120', '30', '30', '30', '30'))).toMatch(
    /^19 \(19\), 46 \(46\), 50 \(50\) and 2 more: far from 30 /,
  );
  expect(mixedRatesWarning([])).toBeNull();
});
