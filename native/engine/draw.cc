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
    const bool same = ratio == 1.0 || temperature == 1.0;
    weights[level] = same ? ratio : exponential(logarithm(ratio) / temperature);
  }
}

// Sets every level outside the nucleus to zero.
void keepNucleus(double* weights, int levels, double topP) {
  double sorted[256];
  std::copy(weights, weights + levels, sorted);
  std::sort(sorted, sorted + levels);
  const double enough = topP * sumOf(weights, levels);
  int smallest = levels;
  for (double mass = 0; mass < enough && smallest > 0;) mass += sorted[--smallest];

  const double edge = sorted[smallest];
  int atEdge = 1;
  while (smallest + atEdge < levels && sorted[smallest + atEdge] == edge) atEdge++;
  for (int level = 0; level < levels; level++) {
    const bool kept = weights[level] > edge || (weights[level] == edge && atEdge-- > 0);
    if (!kept) weights[level] = 0;
  }
}

}  // namespace

double sumOf(const double* probabilities, int levels) {
  double total = 0;
  for (int level = 0; level < levels; level++) total += probabilities[level];
  return total;
}

int drawLevel(const double* probabilities, int levels, double u, const DrawSettings& settings) {
  const double temperature = settings.temperature, topP = settings.topP;
  if (temperature == 0) return mostProbable(probabilities, levels);
  if (temperature == 1 && topP == 1) return invert(probabilities, levels, u * sumOf(probabilities, levels));
  double tempered[256];
  temper(probabilities, levels, temperature, tempered);
  if (topP < 1) keepNucleus(tempered, levels, topP);
  return invert(tempered, levels, u * sumOf(tempered, levels));
}

}  // namespace pxv::engine
