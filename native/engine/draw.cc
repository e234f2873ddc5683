#include "draw.h"

#include <algorithm>

#include "elementary.h"

namespace pxv::engine {
namespace {

int mostProbable(const double* weights, int levels) {
  return static_cast<int>(std::max_element(weights, weights + levels) - weights);
}

int invert(const double* weights, int levels, double threshold) {
  double cumulative = weights[0];
  int level = 0;
  while (cumulative <= threshold && level < levels - 1) cumulative += weights[++level];
  return level;
}

// weights[k] = (p[k] / max p)^(1 / temperature).
void temper(const double* probabilities, int levels, double temperature, double* weights) {
  const double largest = probabilities[mostProbable(probabilities, levels)];
  for (int level = 0; level < levels; level++) {
    const double ratio = probabilities[level] / largest;
    weights[level] = ratio == 1.0 ? ratio : exponential(logarithm(ratio) / temperature);
  }
}

}  // namespace

double sumOf(const double* probabilities, int levels) {
  double total = 0;
  for (int level = 0; level < levels; level++) total += probabilities[level];
  return total;
}

int drawLevel(const double* probabilities, int levels, double u, double temperature) {
  if (temperature == 0) return mostProbable(probabilities, levels);
  if (temperature == 1) return invert(probabilities, levels, u * sumOf(probabilities, levels));
  double tempered[256];
  temper(probabilities, levels, temperature, tempered);
  return invert(tempered, levels, u * sumOf(tempered, levels));
}

}  // namespace pxv::engine
