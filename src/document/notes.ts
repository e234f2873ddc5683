/** Explanation of bits/dim for pages, in one line. */
export const BITS_NOTE = 'bits/dim: bits for each colour value of a pixel, given the frames before; fewer is better';
/** Explanation of the gain of predictions in PSNR over the last known frame repeated, for pages, in one line. */
export const DECIBELS_NOTE = 'dB: 3 more halve the squared error; 0 is the last known frame repeated';
