import { lostPrecisionWarning } from '../backend/precision.js';
import type { RunConfiguration } from '../training/configuration.js';

/**
 * Returns the configuration with precision float32 if the current backend lacks the configured precision (bf16), so
 * that a recipe trains on any CPU. Returns `configuration` itself if the backend has the precision.
 * @param onWarning called with a line about the change
 */
export function withAvailablePrecision(
  configuration: RunConfiguration,
  onWarning: ((text: string) => void) | undefined,
): RunConfiguration {
  const { training } = configuration;
  const warning = lostPrecisionWarning(training.precision);
  if (warning === null) return configuration;
  onWarning?.(warning);
  return { ...configuration, training: { ...training, precision: 'float32' } };
}
