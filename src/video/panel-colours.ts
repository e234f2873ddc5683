import type { Colour } from './canvas.js';

export const background: Colour = [28, 28, 32];

/** Of frames of the clip, and of what is written about them. */
export const known: Colour = [225, 225, 225];

/** Of frames that a model made, and of the mark where they begin: a colour that no eye takes for the other. */
export const predicted: Colour = [255, 140, 0];
