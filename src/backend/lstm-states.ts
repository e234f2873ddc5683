import type { Tensor4D } from '@tensorflow/tfjs-core';

/** What an LSTM layer gives: its states, and what its gradient needs beside them. */
export interface LstmStates {
  /** h, [batch, height, width, h]. */
  out: Tensor4D;
  /** o, f, i and g in the places of their gates, [batch, height, width, 4h]. */
  activations: Tensor4D;
  /** c, [batch, height, width, h]. */
  cells: Tensor4D;
}
