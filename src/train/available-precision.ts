import { lostPrecisionWarning } from '../backend/precision.js';
import type { RunConfiguration } from '../training/configuration.js';

/**
 * Returns the configuration with products in float32 if the backend in use lacks its precision, so that a recipe trains
 * on any CPU. Returns `configuration` itself if not.
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
