/** Words that pages explain where they stand, in one line each. */
export const BITS_NOTE = 'bits/dim: bits for each colour value of a pixel, given the frames before; fewer is better';
export const DECIBELS_NOTE = 'dB: 3 more halve the squared error; 0 is the last known frame repeated';
