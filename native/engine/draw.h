// A level by inverse transform: the first whose cumulative sum, ascending, exceeds u times the sum of all.
#pragma once

namespace pxv::engine {

struct DrawSettings {
  double temperature, topP;
  double componentTemperature;  // of a mixture's components
  float carryWithin;  // share of a drawn sub-pixel beyond its first anchor that is read after it; 1: all
};

// The sum of the probabilities, in ascending order.
double sumOf(const double* probabilities, int levels);

// The sum of the probabilities must be finite and above zero; levels <= 256.
int drawLevel(const double* probabilities, int levels, double u, const DrawSettings& settings);

}  // namespace pxv::engine
