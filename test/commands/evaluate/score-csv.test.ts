import { formatScoresCsv } from '../../../src/commands/evaluate/score-csv.js';
import type { ScoredClip } from '../../../src/commands/evaluate/score-results.js';

const clip: ScoredClip = {
  name: 'a, "b".mp4',
  width: 8,
  height: 8,
  frames: 4,
  dimensions: 192,
  frameRate: 25,
  bitsPerDim: 1.5,
  previousFrameBitsPerDim: 2,
  oneStep: { previousFrame: 9, anchors: [] },
  codecs: { best: null, bitsPerDim: { x264: null, x265: 3, ffv1: 4 } },
  forecasts: {
    starts: [1],
    trueChange: [5],
    kinds: { 'last-frame': { meanSquaredError: [0], ssim: null, change: [NaN] } },
  },
};

test('names are quoted, and values that do not exist are empty', () => {
  const name = '"a, ""b"".mp4"';
  expect(formatScoresCsv([clip]).split('\n')).toEqual([
    'clip,horizon,forecast,metric,value',
    `${name},1,model,bitsPerDim,1.5`,
    `${name},1,previous-frame,bitsPerDim,2`,
    `${name},1,x264,bitsPerDim,`,
    `${name},1,x265,bitsPerDim,3`,
    `${name},1,ffv1,bitsPerDim,4`,
    `${name},1,truth,change,5`,
    `${name},1,last-frame,meanSquaredError,0`,
    `${name},1,last-frame,psnr,60`,
    `${name},1,last-frame,ssim,`,
    `${name},1,last-frame,change,`,
    '',
  ]);
});

test('a clip without forecasts and codecs has its bits alone', () => {
  const rows = formatScoresCsv([{ ...clip, forecasts: null, codecs: null }])
    .trimEnd()
    .split('\n');
  expect(rows).toHaveLength(3);
});
