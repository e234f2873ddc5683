// A level by inverse transform: the first whose cumulative sum, ascending, exceeds u times the sum of all.
#pragma once

namespace pxv::engine {

// The sum of the probabilities, in ascending order.
double sumOf(const double* probabilities, int levels);

// At a temperature of 0 the most probable level, else one of probabilities that are raised to 1 / temperature. Their sum must be
// finite and above zero; levels <= 256.
int drawLevel(const double* probabilities, int levels, double u, double temperature);

}  // namespace pxv::engine
