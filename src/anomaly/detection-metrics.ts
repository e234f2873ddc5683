/** Metrics of anomaly scores against labels, over frames or over pixels. */
export interface DetectionMetrics {
  /** Area under the ROC curve, 0 to 1: probability that an anomaly scores higher than what is normal. */
  auroc: number;
  /** Highest F1 of all thresholds, 0 to 1: the F1 that anomalib's adaptive threshold gives on the clips themselves. */
  f1: number;
}

/** Scores of one clip, of frames or of pixels. */
export interface LabelledScores {
  /** Anomaly scores, higher where anomalous. */
  scores: ArrayLike<number>;
  /** True or 1 where anomalous, one for each score. */
  labels: ArrayLike<boolean | number>;
}

/**
 * Measures anomaly scores pooled over clips, as anomalib's metrics AUROC and F1 do. An AUROC counts ties half.
 * @param isScaled true to bring the scores of each clip to 0 to 1 first, by their minimum and maximum
 * @returns NaN for both if nothing or everything is anomalous
 * @example
 * ```js
 * import { measureDetection } from 'pxv';
 *
 * const { auroc, f1 } = measureDetection([{ scores: [0.2, 0.1, 3, 0.4], labels: [false, false, true, true] }]);
 * console.log(auroc, f1); // 1 1
 * ```
 */
export function measureDetection(clips: readonly LabelledScores[], isScaled = false): DetectionMetrics {
  const count = clips.reduce((sum, { scores }) => sum + scores.length, 0);
  const [normal, anomalous] = [new Float64Array(count), new Float64Array(count)];
  let [normals, anomalies] = [0, 0];
  for (const { scores, labels } of clips) {
    const [offset, range] = isScaled ? rangeOf(scores) : [0, 1];
    for (let at = 0; at < scores.length; at++) {
      const score = (scores[at] - offset) / range;
      if (labels[at]) anomalous[anomalies++] = score;
      else normal[normals++] = score;
    }
  }
  return compare(normal.subarray(0, normals).sort(), anomalous.subarray(0, anomalies).sort());
}

/** Returns the minimum of scores and the difference to their maximum, or 1 if all are equal. */
function rangeOf(scores: ArrayLike<number>): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (let at = 0; at < scores.length; at++) {
    min = Math.min(min, scores[at]);
    max = Math.max(max, scores[at]);
  }
  return [min, max - min || 1];
}

/** Compares scores of what is normal with those of anomalies, each in ascending order. */
function compare(normal: Float64Array, anomalous: Float64Array): DetectionMetrics {
  if (normal.length === 0 || anomalous.length === 0) return { auroc: NaN, f1: NaN };
  let [below, upTo, pairs, f1] = [0, 0, 0, 0];
  for (let at = 0; at < anomalous.length; at++) {
    const score = anomalous[at];
    while (below < normal.length && normal[below] < score) below++;
    upTo = Math.max(upTo, below);
    while (upTo < normal.length && normal[upTo] === score) upTo++;
    pairs += (below + upTo) / 2;
    // F1 is highest at the score of an anomaly. Of several with one score the first has all of them above.
    const found = anomalous.length - at;
    if (at === 0 || anomalous[at - 1] < score)
      f1 = Math.max(f1, (2 * found) / (found + (normal.length - below) + anomalous.length));
  }
  return { auroc: pairs / (normal.length * anomalous.length), f1 };
}
