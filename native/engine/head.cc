#include "head.h"

#include <algorithm>
#include <cmath>

#include "../mixture_scale.h"
#include "elementary.h"

namespace pxv::engine {
namespace {

constexpr int mostColours = 3;

double tanhOf(double x) {
  const double shrunk = exponentialMinusOne(-2 * std::fabs(x));
  const double size = -shrunk / (2 + shrunk);
  return x < 0 ? -size : size;
}

// log(1 + e^x)
double softplus(double x) { return (x > 0 ? x : 0) + logarithm(1 + exponential(-std::fabs(x))); }

// Returns the log-probability of a level under one logistic.
double logProbability(int level, int levels, double mean, double inverse) {
  const double upper = (level + 0.5 - mean) * inverse, lower = (level - 0.5 - mean) * inverse;
  if (level == 0) return -softplus(-upper);
  if (level == levels - 1) return -softplus(lower);
  return logarithm(-exponentialMinusOne(-inverse)) - softplus(-upper) - softplus(lower);
}

double inverseScale(float offset) {
  return exponential(-std::clamp(offset + logScaleOffset, leastLogScale, greatestLogScale));
}

// Probabilities of a logistic below and above the upper edge of a level.
struct Parts {
  double below, above;
};

Parts partsAt(const Logistic& logistic, int level) {
  const double upper = (level + 0.5 - logistic.mean) * logistic.inverse;
  const double tail = exponential(-std::fabs(upper));
  const double larger = 1 / (1 + tail), smaller = tail * larger;
  return upper > 0 ? Parts{larger, smaller} : Parts{smaller, larger};
}

// Returns the mean of a grey sigmoid head, in levels.
double greyMean(const Head& head, const SubPixelView& at) {
  constexpr double edge = 1.0 / 256;
  const double last = head.levels - 1;
  const double anchor = std::clamp(at.anchors[at.colour * at.anchorCount] / last, edge, 1 - edge);
  const double logit = at.outputs[0] + logarithm(anchor / (1 - anchor));
  return last / (1 + exponential(-logit));
}

}  // namespace

void mixtureOf(const Head& head, const SubPixelView& at, double temperature, Logistic* logistics) {
  const int components = head.components, colour = at.colour;
  const int first = head.together ? 0 : colour;
  const float* outputs = at.pixelOutputs + 3 * components * first;
  double means[mostColours][mostComponents], priors[mostComponents] = {};
  for (int c = first; c <= colour; c++) {
    const int terms = c - first;  // one a colour before
    const float* anchors = at.anchors + c * at.anchorCount;
    for (int k = 0; k < components; k++) {
      const float* of = outputs + k;
      double mean = anchors[k % at.anchorCount] + head.meanScale * of[components];
      for (int before = 0; before < terms; before++)
        mean += tanhOf(of[(3 + before) * components]) * (at.levels[before] - means[before][k]);
      // Posterior weight: the weight for the earlier colour times the likelihood of the earlier colour's level.
      if (c > first) priors[k] += logProbability(at.levels[c - 1], head.levels, means[c - 1][k], logistics[k].inverse);
      priors[k] += of[0] * temperature;
      means[c][k] = mean;
      logistics[k].inverse = inverseScale(of[2 * components]) / temperature;
    }
    outputs += (3 + terms) * components;
  }

  double highest = priors[0];
  for (int k = 1; k < components; k++) highest = std::max(highest, priors[k]);
  double total = 0;
  for (int k = 0; k < components; k++) total += logistics[k].weight = exponential(priors[k] - highest);
  for (int k = 0; k < components; k++) {
    logistics[k].weight /= total;
    logistics[k].mean = means[colour][k];
  }
}

void contract(const Head& head, double maxDeviation, Logistic* logistics) {
  constexpr double varianceOfLogistic = 3.289868133696453;  // pi^2 / 3, at a scale of 1
  double mean = 0, variance = 0;
  for (int k = 0; k < head.components; k++) mean += logistics[k].weight * logistics[k].mean;
  for (int k = 0; k < head.components; k++) {
    const auto [weight, own, inverse] = logistics[k];
    variance += weight * ((own - mean) * (own - mean) + varianceOfLogistic / (inverse * inverse));
  }
  const double share = maxDeviation / std::sqrt(variance);
  if (!(share < 1)) return;
  for (int k = 0; k < head.components; k++) {
    logistics[k].mean = mean + share * (logistics[k].mean - mean);
    logistics[k].inverse /= share;
  }
}

double probabilityUpTo(const Head& head, const Logistic* logistics, int level) {
  double reached = 0;
  for (int k = 0; k < head.components; k++) reached += logistics[k].weight * partsAt(logistics[k], level).below;
  return reached;
}

int quantileOf(const Head& head, const Logistic* logistics, double u) {
  int least = 0, most = head.levels - 1;
  while (least < most) {
    const int level = (least + most) / 2;
    const double reached = probabilityUpTo(head, logistics, level);
    if (std::isnan(reached)) return -1;
    if (reached > u)
      most = level;
    else
      least = level + 1;
  }
  return least;
}

double probabilityOf(const Head& head, const Logistic* logistics, int level) {
  double probability = 0;
  for (int k = 0; k < head.components; k++) {
    const Logistic& logistic = logistics[k];
    const double aboveLower = logistic.weight * (level == 0 ? 1 : partsAt(logistic, level - 1).above);
    if (level == head.levels - 1) {
      probability += aboveLower;
      continue;
    }
    const double inner = level == 0 ? 1 : -exponentialMinusOne(-logistic.inverse);
    probability += aboveLower * inner * partsAt(logistic, level).below;
  }
  return probability;
}

void Head::distribute(const SubPixelView& at, double temperature, double maxDeviation, double* probabilities) const {
  switch (kind) {
    case softmaxHead:
      return kernels.softmax(at.outputs, levels, probabilities);
    case logisticMixtureHead: {
      Logistic logistics[mostComponents];
      mixtureOf(*this, at, temperature, logistics);
      contract(*this, maxDeviation, logistics);
      return kernels.mixture(logistics, components, levels, probabilities);
    }
    case sigmoidHead:
      probabilities[0] = 1 / (1 + exponential(at.outputs[0]));
      probabilities[1] = 1 / (1 + exponential(-at.outputs[0]));
      return;
    case greySigmoidHead: {
      const double mean = greyMean(*this, at);
      std::fill_n(probabilities, levels, std::isnan(mean) ? mean : 0.0);
      if (!std::isnan(mean)) probabilities[static_cast<int>(mean + 0.5)] = 1;
    }
  }
}

}  // namespace pxv::engine
