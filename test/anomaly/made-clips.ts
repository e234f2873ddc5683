import type { Frame } from '../../src/foundation/frame.js';

/** A clip in which something happens once that does not fit the rest. */
export interface MadeClip {
  name: string;
  frames: Frame[];
  /** The frames in which it happens. */
  from: number;
  to: number;
}

const SIDE = 64;
const FRAMES = 150;
export const EVENT = 100;
export const SECOND = 25;

type Colour = readonly [number, number, number];

/** What a scene looks like at one time. */
interface Scene {
  /** Which of two backgrounds. */
  place: number;
  /** How far the camera has moved, in pixels. */
  shift: number;
  /** Added to all levels. */
  light: number;
  discs: { x: number; y: number; radius: number; colour: Colour }[];
}

/** A ball on an ellipse, and another that swings: both go on for ever. */
function usual(time: number, turned = time): Scene {
  const around = (2 * Math.PI * turned) / 32;
  const swing = 0.6 * Math.sin((2 * Math.PI * time) / 40);
  return {
    place: 0,
    shift: 0,
    light: 0,
    discs: [
      { x: 24 + 15 * Math.cos(around), y: 24 + 13 * Math.sin(around), radius: 6, colour: [210, 60, 50] },
      { x: 46 + 20 * Math.sin(swing), y: 32 + 20 * Math.cos(swing), radius: 4, colour: [60, 90, 210] },
    ],
  };
}

/** What happens from frame EVENT on, so many frames long, and what is seen `since` frames after it. */
const events: Record<string, { length: number; scene: (since: number) => Scene }> = {
  'a ball turns back': { length: FRAMES - EVENT, scene: (since) => usual(EVENT + since, EVENT - since) },
  'a cut': { length: 1, scene: (since) => ({ ...usual(EVENT + since + 17), place: 1 }) },
  // It comes, and it goes.
  'a flash': { length: 3, scene: (since) => ({ ...usual(EVENT + since), light: since < 2 ? 60 : 0 }) },
  'a frozen second': { length: SECOND + 1, scene: (since) => usual(since < SECOND ? EVENT - 1 : EVENT + since) },
  // The frame after is expected from a motion that there was not.
  'a dropped frame': { length: 2, scene: (since) => usual(EVENT + since + 1) },
  'a stranger walks in': {
    length: FRAMES - EVENT,
    scene: (since) => {
      const scene = usual(EVENT + since);
      scene.discs.push({ x: 68 - 1.5 * since, y: 12, radius: 4, colour: [230, 210, 80] });
      return scene;
    },
  },
  'a ball vanishes': {
    length: 2,
    scene: (since) => ({ ...usual(EVENT + since), discs: usual(EVENT + since).discs.slice(1) }),
  },
  'a ball speeds up': { length: FRAMES - EVENT, scene: (since) => usual(EVENT + since, EVENT + 2 * since) },
  'a ball changes its colour': {
    length: 2,
    scene: (since) => {
      const scene = usual(EVENT + since);
      scene.discs[0].colour = [60, 200, 90];
      return scene;
    },
  },
  'the camera is hit': {
    length: 6,
    scene: (since) => ({ ...usual(EVENT + since), shift: since < 6 ? [3, -3, 2, -2, 1, -1][since] : 0 }),
  },
};

/** Ten clips of 64x64, 25 frames per second. */
export function madeClips(): MadeClip[] {
  return Object.entries(events).map(([name, { length, scene }], index) => {
    const random = randomFrom(index + 1);
    const frames: Frame[] = [];
    for (let time = 0; time < FRAMES; time++) {
      const isFrozen = name === 'a frozen second' && time >= EVENT && time < EVENT + SECOND;
      frames.push(isFrozen ? frames[EVENT - 1] : draw(time < EVENT ? usual(time) : scene(time - EVENT), random));
    }
    return { name, frames, from: EVENT, to: EVENT + length - 1 };
  });
}

/** With a sensor's noise. */
function draw({ place, shift, light, discs }: Scene, random: () => number): Frame {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let colour = backgroundAt(x + shift, y, place);
      for (const disc of discs) {
        const distance = Math.hypot(x + shift - disc.x, y - disc.y);
        const share = Math.min(1, Math.max(0, disc.radius + 0.5 - distance));
        colour = colour.map((level, c) => level + share * (disc.colour[c] - level)) as unknown as Colour;
      }
      for (let c = 0; c < 3; c++) {
        const noise = 2 * (random() + random() + random() - 1.5);
        data[3 * (y * SIDE + x) + c] = Math.min(255, Math.max(0, Math.round(colour[c] + light + noise)));
      }
    }
  }
  return { width: SIDE, height: SIDE, channels: 3, data };
}

function backgroundAt(x: number, y: number, place: number): Colour {
  const waves = Math.sin(0.31 * x + 0.11 * y + 2 * place) + Math.sin(0.07 * x - (0.23 + 0.1 * place) * y);
  const check = (Math.floor(x / 16) + Math.floor(y / 16) + place) % 2;
  return [110 + 18 * waves + 16 * check, 120 + 14 * waves - 30 * place, 100 + 22 * waves - 12 * check];
}

/** Numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
