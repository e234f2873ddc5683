import { tf } from '../../foundation/tfjs.js';
import { NEIGHBOURS } from '../../backend/kernels/index.js';
import { scoreFrames } from '../../evaluation/frame-likelihoods.js';
import { continueMotion, matchFrames, meanFrame } from '../../evaluation/forecasts.js';
import { cappedPsnr, meanSquaredError } from '../../evaluation/metrics.js';
import { bitsPerPixel } from '../../evaluation/scoring.js';
import type { Frame } from '../../foundation/frame.js';
import { framesPerSecond } from '../../foundation/frame-rate.js';
import { pluralize } from '../../foundation/pluralize.js';
import { resizeModel } from '../../model/resize-model.js';
import { countSubPixels } from '../../model/chain.js';
import { assertVideoModel, toTensors, type Model } from '../../model/model.js';
import { expectsFrame } from '../../model/description.js';
import type { Arrow, Clip, ClipPanel } from '../../document/blocks/clip.js';
import type { Block } from '../../document/blocks/index.js';
import { makeNumber } from '../../document/blocks/number.js';
import type { Series } from '../../document/blocks/series.js';
import { makeLines } from '../../document/blocks/text.js';
import type { Line } from '../../document/chart.js';
import { formatSigned } from '../../document/format-with-error.js';
import type { Section } from '../../document/report.js';
import type { SectionOptions, SectionSource } from '../../document/section-source.js';
import { errorFactory } from '../../foundation/errors.js';
import { samplingSettings } from '../../model/sampling-settings.js';
import { drawHeatMap, listClips, type ClipReader, type ClipSource } from '../../video/index.js';
import { openClipForModel, keepAspectRatio, sizeWarning } from '../open-clip-for-model.js';
import { rateWarning } from '../clip-rate.js';
import { fitScoringBatch } from '../../memory/memory-limits.js';
import { parseOptions } from '../../foundation/option-fields.js';
import { predictClipFields, type Forecast } from './options.js';
import { resolveFrameRange } from './frame-range.js';
import { Prediction } from './prediction.js';
import { assertPredictionMemory } from './prediction-memory.js';
import { quoteCommand } from '../../document/quote-command.js';
import { makeGainChart } from '../../document/gain-chart.js';
import { BITS_NOTE, DECIBELS_NOTE } from '../../document/notes.js';

/** Number of known frames shown before the predicted frames. */
const KNOWN = 16;
/** Maximum playback rate in time steps per second. */
const FASTEST = 6;
/** Values shown as white: multiple of a pixel's mean bits; difference of frames in levels. */
const WHITE_BITS = 4;
const WHITE_LEVELS = 64;
/** Distance between arrows in pixels, and minimum motion that has an arrow, in pixels. */
const ARROWS = 6;
const MIN_MOTION = 0.75;
/** Length of an arrow, in multiples of the motion. */
const LONGER = 2;

/** Last frames of a clip, known frames first, with predictions of the held-out frames. */
interface Predicted {
  /** Index in the clip of the first frame of `truth`. */
  first: number;
  /** True frames, known frames first. */
  truth: readonly Frame[];
  /** Number of known frames in `truth`. */
  known: number;
  /** Frames of the best guess; null if the model learns no expected frame. */
  guess: readonly Frame[] | null;
  /** Frames of each sample: [sample][frame]. */
  samples: readonly (readonly Frame[])[];
}

/** Source of report sections for clips: one section for each clip, with predictions of the clip's last frames. */
export const sectionSource: SectionSource<ClipSource> = {
  reads: 'clips',
  open: async ({ path, json }) => (json === undefined ? listClips([path]) : null),
  async sections(clips, options) {
    if (options.model === undefined)
      throw errorFactory('USAGE', 'write report')('model', 'a model that predicts the clips', 'none', 'give one');
    const model = await options.model();
    const sections: Section[] = [];
    for (const { path, name } of clips) sections.push(await predictionSection(model, path, name, options));
    return sections;
  },
};

/**
 * Returns the report section of a clip: predictions of its last frames beside the true frames.
 * @throws PxvError as `predictClip` for reading the clip
 */
async function predictionSection(trained: Model, path: string, name: string, asked: SectionOptions): Promise<Section> {
  assertVideoModel(trained, 'write report');
  const reading = { ...keepAspectRatio(trained, {}), signal: asked.signal };
  const clip = await openClipForModel(trained, path, 'write report', reading);
  const model = resizeModel(trained, clip.size);
  for (const warning of [sizeWarning(trained, clip.size), rateWarning(model, clip)])
    if (warning !== null) asked.onWarning?.(`${name}: ${warning}`);
  const drawn = await predicted(model, clip, 'samples', name, asked);
  const guess = expectsFrame(model) ? await predicted(model, clip, 'best-guess', name, asked) : null;
  const ofPanel = (steps: typeof drawn, at: number) =>
    steps.flatMap(({ panels, predicted }) => (predicted ? [panels[at].frame!] : []));
  const result: Predicted = {
    first: drawn[0].index,
    truth: drawn.map(({ panels: [truth] }) => truth.frame!),
    known: drawn.filter(({ predicted }) => !predicted).length,
    guess: guess && ofPanel(guess, 1),
    samples: Array.from({ length: asked.samples }, (_, sample) => ofPanel(drawn, 1 + sample)),
  };
  const bits = await mapsOfBits(model, clip, result, name, asked);
  return { title: `${name}, predicted by ${trained.name}`, blocks: blocksOf(model, clip, result, bits, path) };
}

async function predicted(model: Model, clip: ClipReader, forecast: Forecast, name: string, asked: SectionOptions) {
  const { holdOut, samples, seed, signal, onProgress, onWarning } = asked;
  const what = forecast === 'samples' ? 'predict' : 'best guess';
  const parsed = parseOptions('write report', predictClipFields, {
    ...{ out: '', forecast, holdOut, seed, signal, onWarning, knownFrames: KNOWN },
    ...(forecast === 'samples' && { samples }),
    onProgress: (done, total) => onProgress?.({ name, what, done, total }),
  });
  const kind = 'folder';
  const range = resolveFrameRange(parsed, clip, kind);
  assertPredictionMemory(model, range, { ...parsed, kind, plain: false, scale: 1 });
  const settings = samplingSettings(model, undefined);
  const prediction = new Prediction(model, clip, range, { ...parsed, settings });
  try {
    const steps = [];
    for await (const step of prediction.steps()) steps.push(step);
    return steps;
  } finally {
    prediction.dispose();
  }
}

/**
 * Returns the bits of each pixel of each true frame, given the true frames before it; null for the clip's first frame.
 */
async function mapsOfBits(model: Model, clip: ClipReader, of: Predicted, name: string, asked: SectionOptions) {
  const { first, truth } = of;
  const { signal, onProgress } = asked;
  const { chain } = model;
  const start = Math.max(0, first - chain.exampleShape.context);
  const end = first + truth.length;
  async function* frames() {
    let index = start;
    for await (const frame of clip.frames(start)) {
      if (index++ === end) return;
      yield frame;
    }
  }
  const maps: (Float64Array | null)[] = truth.map(() => null);
  const weights = toTensors(model.weights, chain.parameters);
  try {
    const batch = fitScoringBatch(model, 8, true);
    for await (const { index, nats } of scoreFrames(chain, weights, frames(), { batch, signal })) {
      const at = start + index - first;
      if (at >= 0) maps[at] = bitsPerPixel(chain, nats);
      onProgress?.({ name, what: 'score', done: index, total: end - start - 1 });
    }
  } finally {
    tf.dispose(weights);
  }
  return maps;
}

function blocksOf(
  model: Model,
  { frameRate }: ClipReader,
  of: Predicted,
  maps: readonly (Float64Array | null)[],
  path: string,
): Block[] {
  const { first, truth, known, guess, samples } = of;
  const horizon = truth.length - known;
  const costs = maps.map((map) => (map === null ? NaN : sum(map) / countSubPixels(model.chain)));
  const ofPredicted = costs.slice(known);
  const points = costs.map((bits, at) => [first + at, bits] as const).filter(([, bits]) => !Number.isNaN(bits));
  const gains = gainsOf(of);
  const [headline] = gains.lines;
  const gainAt = (ahead: number, note: string) => {
    const gain = formatSigned(headline.points[ahead - 1][1]);
    return makeNumber(`PSNR gain, ${pluralize(ahead, 'frame')} ahead`, gain, note, 'dB');
  };
  const rate = framesPerSecond(frameRate);
  const clip: Clip = {
    kind: 'clip',
    title: 'clip and predictions',
    first: known,
    rate: Math.min(FASTEST, rate),
    note:
      `${pluralize(known, 'frame')} known, then ${horizon} predicted. Play, or move the scrubber by mouse or ` +
      `arrow keys; it plays at ${Math.min(FASTEST, Math.round(rate))} of ${pluralize(Math.round(rate), 'frame')} ` +
      'per second.',
    steps: truth.map((_, at) => ({
      name: at < known ? `frame ${first + at}, known` : `frame ${first + at}, predicted, ${at - known + 1} ahead`,
      predicted: at >= known,
    })),
    panels: panelsOf(of, maps),
  };
  return [
    gainAt(1, `${headline.name} over the last known frame repeated`),
    gainAt(horizon, DECIBELS_NOTE),
    makeNumber('bits/dim of the true frames', (sum(ofPredicted) / horizon).toFixed(3), BITS_NOTE, 'bits/dim'),
    clip,
    gains,
    {
      kind: 'series',
      title: 'bits/dim of each true frame, given its context',
      x: { label: 'frame', unit: 'whole' },
      y: { label: 'bits/dim', from: 0 },
      lines: [{ name: 'bits/dim', points }],
      note: BITS_NOTE,
    },
    makeLines(
      'commands that write it as a video',
      [['--samples', String(samples.length)], ...(guess === null ? [] : [['--best-guess']])].map((kind) =>
        quoteCommand('pxv', 'predict', path, '--hold-out', String(horizon), ...kind, '--model', model.name),
      ),
    ),
  ];
}

function panelsOf({ truth, known, guess, samples }: Predicted, maps: readonly (Float64Array | null)[]): ClipPanel[] {
  const { width, height } = truth[0];
  /** Returns the known frames followed by predicted frames. */
  const goingOn = (future: readonly Frame[]) => [...truth.slice(0, known), ...future];
  const best = goingOn(guess ?? samples[0]);
  const bestName = guess === null ? 'sample 1' : 'best guess';
  const cost = maps.flatMap((map) => (map === null ? [] : [sum(map) / map.length]));
  const white = (WHITE_BITS * sum(cost)) / cost.length;
  const [one] = samples;
  const panels: (ClipPanel | false)[] = [
    { title: 'truth', note: "the clip's own frames", frames: truth },
    guess !== null && {
      title: 'best guess',
      predicted: true,
      note: 'the expected frame, without sampling',
      frames: best,
    },
    {
      title: 'one sample',
      predicted: true,
      note: `one of ${pluralize(samples.length, 'sample')}`,
      frames: goingOn(one),
    },
    {
      title: 'difference',
      predicted: true,
      note: `absolute error of the ${bestName}: black 0, white ${WHITE_LEVELS} levels of 255 or more`,
      frames: truth.map((frame, at) => drawHeatMap(differenceOf(frame, best[at]), frame, WHITE_LEVELS)),
    },
    {
      title: 'bits per pixel',
      note: 'of the true frame, given its true context: white most',
      frames: maps.map((map) => map && drawHeatMap(map, { width, height }, white)),
    },
    samples.length > 1 && {
      title: 'uncertainty',
      predicted: true,
      note: `spread of the ${samples.length} samples: black 0, white ${WHITE_LEVELS / 2} levels or more`,
      frames: truth.map((frame, at) => {
        const drawn = at < known ? [frame] : samples.map((future) => future[at - known]);
        return drawHeatMap(deviationOf(drawn), frame, WHITE_LEVELS / 2);
      }),
    },
    {
      title: 'motion',
      predicted: true,
      note: `since the previous frame, drawn ${pluralize(LONGER, 'time')} as long, over the ${bestName}`,
      frames: best,
      arrows: best.map((frame, at) => (at === 0 ? [] : arrowsBetween(best[at - 1], frame))),
    },
  ];
  return panels.filter((panel) => panel !== false);
}

/** Returns the absolute difference of two frames at each pixel in levels, averaged over channels. */
function differenceOf(a: Frame, b: Frame): Float64Array {
  return ofPixels(a, (at) => Math.abs(a.data[at] - b.data[at]));
}

/** Returns the standard deviation over frames at each pixel in levels, averaged over channels. */
function deviationOf(frames: readonly Frame[]): Float64Array {
  return ofPixels(frames[0], (at) => {
    const mean = frames.reduce((total, { data }) => total + data[at], 0) / frames.length;
    return Math.sqrt(frames.reduce((total, { data }) => total + (data[at] - mean) ** 2, 0) / frames.length);
  });
}

/** Returns the mean over channels of each pixel. */
function ofPixels({ width, height, channels }: Frame, valueAt: (at: number) => number): Float64Array {
  return Float64Array.from({ length: width * height }, (_, pixel) => {
    let total = 0;
    for (let c = 0; c < channels; c++) total += valueAt(pixel * channels + c);
    return total / channels;
  });
}

/** Returns arrows for the motion of blocks from frame `before` to frame `last`, every `ARROWS` pixels. */
function arrowsBetween(before: Frame, last: Frame): Arrow[] {
  const { width, height } = last;
  const found = tf.tidy(() => matchFrames(before, last).motion.dataSync());
  const features = found.length / (width * height);
  const arrows: Arrow[] = [];
  for (let y = ARROWS >> 1; y < height; y += ARROWS)
    for (let x = ARROWS >> 1; x < width; x += ARROWS) {
      const at = (y * width + x) * features;
      const down = found[at];
      const right = found[at + NEIGHBOURS.length];
      if (Math.hypot(down, right) < MIN_MOTION) continue;
      arrows.push({ x: x + 0.5, y: y + 0.5, dx: -LONGER * right, dy: -LONGER * down });
    }
  return arrows;
}

/** Returns the chart of PSNR gain in dB over the last known frame repeated, by frames ahead. */
function gainsOf({ truth, known, guess, samples }: Predicted): Series {
  const past = truth.slice(0, known);
  const future = truth.slice(known);
  const decibels = (frames: readonly Frame[]) =>
    future.map((frame, h) => cappedPsnr(meanSquaredError(frame, frames[h])));
  const still = decibels(future.map(() => past[past.length - 1]));
  const gains = (frames: readonly Frame[]) => decibels(frames).map((db, h) => [h + 1, db - still[h]] as const);
  const ofSamples = samples.map(gains);
  const means = future.map((_, h) => [h + 1, sum(ofSamples.map((points) => points[h][1])) / samples.length] as const);
  const lines: (Line | false)[] = [
    guess !== null && { name: 'best guess', points: gains(guess) },
    { name: samples.length === 1 ? 'one sample' : `a sample, mean over ${samples.length}`, points: means },
    samples.length > 1 && {
      name: `mean of ${samples.length} samples`,
      points: gains(future.map((_, h) => meanFrame(samples.map((frames) => frames[h])))),
    },
    { name: 'last frame moved on', points: gains(continueMotion(past.slice(-2), future.length)) },
  ];
  const values = future.map((_, h) => ofSamples.map((points) => points[h][1]));
  const band = {
    name: `worst to best of ${samples.length} samples`,
    look: guess === null ? 0 : 1,
    points: values.map((of, h) => [h + 1, Math.min(...of), Math.max(...of)] as const),
  };
  const shown = lines.filter((line) => line !== false);
  return makeGainChart(future.length, shown, samples.length > 1 ? band : undefined);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
