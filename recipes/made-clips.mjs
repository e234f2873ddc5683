#!/usr/bin/env node
// Makes the 28 clips `made-00.npy` to `made-27.npy` of clips.tsv, in which shapes move over texture: uint8 of frame x
// height x width x channel, 60 x 64 x 64 x 3. A network that learns from them carries small shapes on along their
// paths. Usage: node recipes/made-clips.mjs FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { formatNpyHeader } from '../dist/src/foundation/npy.js';
import { Philox } from '../dist/src/foundation/philox.js';

const CLIPS = 28;
const FRAMES = 60;
const SIZE = 64;
const COLOURS = 3;

if (argv.length !== 3) {
  console.error('usage: node recipes/made-clips.mjs FOLDER');
  exit(2);
}
mkdirSync(argv[2], { recursive: true });
for (let clip = 0; clip < CLIPS; clip++) {
  const name = `made-${String(clip).padStart(2, '0')}.npy`;
  const header = formatNpyHeader([FRAMES, SIZE, SIZE, COLOURS]);
  writeFileSync(join(argv[2], name), Buffer.concat([header, render(clip)]), { flag: 'wx' });
}

/** Returns the frames of a clip. Each number of it depends on `clip` and its turn alone. */
function render(clip) {
  const philox = new Philox(2026n);
  let turn = 0;
  const uniform = (from, to) => from + (to - from) * philox.uniform(clip, turn++, 0, 0);
  const background = randomTexture(uniform, 50);
  const pan = uniform(0, 1) < 0.4 ? [uniform(-2, 2), uniform(-2, 2)] : [0, 0];
  const shapes = Array.from({ length: 1 + Math.floor(uniform(0, 4)) }, () => randomShape(uniform));
  const frames = Buffer.alloc(FRAMES * SIZE * SIZE * COLOURS);
  let at = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    for (let y = 0; y < SIZE; y++)
      for (let x = 0; x < SIZE; x++) {
        const pixel = background(y + pan[0] * frame, x + pan[1] * frame);
        for (const shape of shapes) {
          const [dy, dx] = [y - shape.down, x - shape.right];
          const inside = shape.coverage(dy, dx);
          if (inside === 0) continue;
          const colour = shape.texture(dy, dx);
          for (let c = 0; c < COLOURS; c++) pixel[c] += inside * (colour[c] - pixel[c]);
        }
        for (const level of pixel) frames[at++] = Math.round(Math.min(255, Math.max(0, level)));
      }
    for (const shape of shapes) move(shape);
  }
  return frames;
}

/** Returns a function of a place, (y, x), that gives its RGB levels: a few waves about a random colour. */
function randomTexture(uniform, depth) {
  const contrast = uniform(0.1, 1) * depth;
  const colour = Array.from({ length: COLOURS }, () => uniform(40, 215));
  const finest = uniform(0.15, 1);
  const waves = Array.from({ length: 10 }, () => ({
    down: uniform(-finest, finest),
    right: uniform(-finest, finest),
    phase: uniform(0, 2 * Math.PI),
    colour: Array.from({ length: COLOURS }, () => (uniform(-1, 1) * contrast) / 2),
  }));
  return (y, x) => {
    const pixel = [...colour];
    for (const wave of waves) {
      const height = Math.sin(wave.down * y + wave.right * x + wave.phase);
      for (let c = 0; c < COLOURS; c++) pixel[c] += wave.colour[c] * height;
    }
    return pixel;
  };
}

/** Makes a disc or upright rectangle, on a straight path, a turning one, or one that falls. It turns back at rims. */
function randomShape(uniform) {
  const [height, width] = [uniform(2.5, 8), uniform(2.5, 8)];
  const isDisc = uniform(0, 1) < 0.6;
  const edge = (distance) => Math.min(1, Math.max(0, 0.5 - distance));
  const speed = 0.3 * 30 ** uniform(0, 1);
  const heading = uniform(0, 2 * Math.PI);
  const path = uniform(0, 1);
  return {
    texture: randomTexture(uniform, uniform(0, 1) < 0.5 ? 5 : 80),
    coverage: isDisc
      ? (dy, dx) => edge(Math.hypot(dy, dx) - height)
      : (dy, dx) => edge(Math.abs(dy) - height) * edge(Math.abs(dx) - width),
    down: uniform(4, SIZE - 4),
    right: uniform(4, SIZE - 4),
    speedDown: speed * Math.sin(heading),
    speedRight: speed * Math.cos(heading),
    turn: path < 0.3 ? uniform(-0.3, 0.3) : 0,
    fall: path > 0.7 ? uniform(0.1, 0.7) : 0,
  };
}

function move(shape) {
  const [cos, sin] = [Math.cos(shape.turn), Math.sin(shape.turn)];
  const { speedDown, speedRight } = shape;
  shape.speedDown = cos * speedDown + sin * speedRight + shape.fall;
  shape.speedRight = cos * speedRight - sin * speedDown;
  shape.down += shape.speedDown;
  shape.right += shape.speedRight;
  for (const [place, speed] of [
    ['down', 'speedDown'],
    ['right', 'speedRight'],
  ])
    if ((shape[place] < 0 && shape[speed] < 0) || (shape[place] >= SIZE && shape[speed] > 0)) shape[speed] *= -1;
}
