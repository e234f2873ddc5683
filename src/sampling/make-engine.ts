import { instructionSetInUse } from '../backend/choose-backend.js';
import type { Network } from '../model/network.js';
import type { ImageEngine } from './engine.js';
import { NativeImageEngine } from './native-engine.js';
import { TypeScriptImageEngine } from './typescript-engine.js';

/**
 * The engine of a network: in C++ where the addon is there, in TypeScript elsewhere or where its kernels were chosen.
 *
 * @param weights arrays in the order of the network's parameters; they are copied
 */
export function makeEngine(network: Network, weights: readonly Float32Array[]): ImageEngine {
  const instructionSet = instructionSetInUse();
  const parameters = weights.slice(network.conditioningParameters);
  return instructionSet === 'typescript'
    ? new TypeScriptImageEngine(network, parameters)
    : new NativeImageEngine(network, parameters, instructionSet);
}
