/** Words that pages explain where they stand, in one line each. */
export const ABOUT_BITS =
  'bits/dim: bits that each colour value of each pixel costs, if the frame is sent given those before it; fewer is better';
export const ABOUT_DECIBELS =
  'dB: 3 more halve the squared error; 0 is the last known frame repeated, higher is nearer to the truth';
