import { readFileSync } from 'node:fs';
import { measureDetection } from '../../src/anomaly/detection-metrics.js';

/** Output of test/fixtures/metrics/reference-detection.py. */
const reference = JSON.parse(readFileSync('test/fixtures/metrics/reference-detection.json', 'utf8')) as {
  clips: number;
  length: number;
  pooled: { auroc: number; f1: number };
  scaled: { auroc: number; f1: number };
};

const clips = Array.from({ length: reference.clips }, (_, number) => {
  const labels = Array.from({ length: reference.length }, (_, at) => (at * 7 + number * 5) % 11 < 3 + number);
  const scores = labels.map(
    (label, at) => (((at * 13 + number * 3) % 17) + 6 * Number(label)) * (number + 1) + 4 * number,
  );
  return { labels, scores };
});

test.each([
  ['pooled', false],
  ['scaled', true],
] as const)('AUROC and F1 are those of scikit-learn, %s', (name, isScaled) => {
  const { auroc, f1 } = measureDetection(clips, isScaled);
  expect(auroc).toBeCloseTo(reference[name].auroc, 12);
  expect(f1).toBeCloseTo(reference[name].f1, 12);
});

test('the order of clips and frames changes nothing; typed arrays and 0 and 1 are taken', () => {
  const turned = clips.toReversed().map(({ labels, scores }) => ({
    labels: Uint8Array.from(labels.toReversed(), Number),
    scores: Float64Array.from(scores.toReversed()),
  }));
  expect(measureDetection(turned)).toEqual(measureDetection(clips));
});

test('scores that separate all have 1, reversed ones have an AUROC of 0, equal ones one half', () => {
  const labels = [0, 0, 1, 1];
  expect(measureDetection([{ scores: [1, 2, 3, 4], labels }])).toEqual({ auroc: 1, f1: 1 });
  expect(measureDetection([{ scores: [4, 3, 2, 1], labels }])).toEqual({ auroc: 0, f1: 2 / 3 });
  expect(measureDetection([{ scores: [5, 5, 5, 5], labels }], true)).toEqual({ auroc: 0.5, f1: 2 / 3 });
});

test('there is no figure where nothing is anomalous, or everything', () => {
  for (const label of [0, 1])
    expect(measureDetection([{ scores: [1, 2], labels: [label, label] }])).toEqual({ auroc: NaN, f1: NaN });
});
