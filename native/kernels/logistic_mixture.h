// Kernel `logisticMixture` and its gradient: a lane is a row, so that components need no shuffles.
#pragma once

#include "../lanes.h"
#include "../math.h"
#include "../memory.h"
#include "../mixture_scale.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// Log-probability of the rows' targets under one logistic, and its derivatives.
template <class Set>
struct Component {
  using Floats = typename Set::Floats;
  Floats logP;
  Floats dMean, dLogScale;  // derivatives of logP with respect to the mean, in levels, and to the log-scale offset
};

// log p = log sigmoid(upper) + log sigmoid(-lower) + log(1 - e^-width), width = upper - lower = 1 / scale. With
// log sigmoid(u) = -softplus(-u):
//   d/du log sigmoid(u) = sigmoid(-u),  d upper / d mean = -width,  d upper / d log scale = -upper, likewise for lower,
//   d/d log scale log(1 - e^-width) = -width / (e^width - 1) = width (1 + 1 / expm1(-width)).
// Level 0 has only the first term, the last level only the second. `distance` is target - mean.
template <class Set>
Component<Set> component(const MixtureShape& shape, typename Set::Floats target, typename Set::Floats distance,
                         typename Set::Floats logScale) {
  using M = Math<Set>;
  using Floats = typename Set::Floats;
  const Floats zero{};
  const auto first = target == 0.0f, last = target == static_cast<float>(shape.levels - 1);

  constexpr auto offset = static_cast<float>(logScaleOffset);
  constexpr auto least = static_cast<float>(leastLogScale), greatest = static_cast<float>(greatestLogScale);
  const Floats wide = logScale + offset;
  const auto above = wide > greatest, below = wide < least;
  const Floats clamped = above ? Set::fill(greatest) : below ? Set::fill(least) : wide;
  const Floats width = M::exp(-clamped);
  const Floats upper = (distance + 0.5f) * width, lower = (distance - 0.5f) * width;

  const auto up = M::softplus(-upper), down = M::softplus(lower);
  const Floats shrunk = M::expm1(-width);
  const Floats sigmoidUp = last ? zero : up.sigmoid, sigmoidDown = first ? zero : down.sigmoid;
  const auto inner = ~(first | last);

  Component<Set> result;
  result.logP = (inner ? M::log(-shrunk) : zero) - (last ? zero : up.value) - (first ? zero : down.value);
  result.dMean = width * (sigmoidDown - sigmoidUp);
  const Floats slope = lower * sigmoidDown - upper * sigmoidUp + (inner ? width + width / shrunk : zero);
  result.dLogScale = (above | below) ? zero : slope;
  return result;
}

// Returns log(sum over k of e^values[k]) for each lane; values is [components][lanes].
template <class Set>
typename Set::Floats logSumExp(const float* values, int components) {
  auto most = Set::load(values);
  for (int k = 1; k < components; k++) most = Set::max(Set::load(values + k * Set::lanes), most);
  auto sum = Set::fill(0.0f);
  for (int k = 0; k < components; k++) sum += Math<Set>::exp(Set::load(values + k * Set::lanes) - most);
  return most + Math<Set>::log(sum);
}

// Mixtures of as many rows as lanes, of `Colours` colours each. An array of a colour is [components][lanes]. The first
// four arrays hold the rows' parameters; each step overwrites its inputs:
//                  gathered           after evaluate()                     after differentiate()
//   weights        weight logits      log weight given the earlier         gradients of the parameters
//                                     colours, unnormalised
//   means          mean offsets       d log p / d mean
//   logScales      log-scale offsets  d log p / d log scale
//   coefficients   as they are        tanh
//   joint          -                  log(weight p), normalised            d nats / d mean
//   distances      -                  target - mean                        as before
template <class Set, int Colours>
class MixtureRows {
 public:
  using Floats = typename Set::Floats;

  MixtureRows(const MixtureShape& shape, Scratch& scratch) : shape_(shape), span_(shape.components * Set::lanes) {
    float* next = scratch.reserve<float>((columns() + 2 * Colours) * static_cast<size_t>(span_) +
                                         2 * Colours * shape.anchors * Set::lanes);
    parameters = next;
    for (int c = 0; c < Colours; c++) {
      colours_[c].weights = take(next);
      colours_[c].means = take(next);
      colours_[c].logScales = take(next);
      for (int earlier = 0; earlier < c; earlier++) colours_[c].coefficients[earlier] = take(next);
    }
    for (Colour& colour : colours_) {
      colour.joint = take(next);
      colour.distances = take(next);
    }
    anchors = next;
    dAnchors = next + Colours * shape.anchors * Set::lanes;
  }

  // Number of parameters of a row, divided by the number of components.
  static constexpr int columns() { return 3 * Colours + Colours * (Colours - 1) / 2; }

  // nats = logSumExp(weights) - logSumExp(weights + log p). The weights of a later colour are multiplied by the
  // normalised likelihood of the colour before; normalised, so that later sums lose no digits.
  void evaluate() {
    for (int c = 0; c < Colours; c++) {
      Colour& colour = colours_[c];
      const Floats target = Set::load(targets + c * Set::lanes);
      for (int k = 0, at = 0; k < shape_.components; k++, at += Set::lanes) {
        const Floats anchor = Set::load(anchors + anchorOf(c, k));
        Floats distance = target - Set::multiplyAdd(Set::load(colour.means + at), Set::fill(shape_.meanScale), anchor);
        for (int earlier = 0; earlier < c; earlier++) {
          const Floats coefficient = Math<Set>::tanh(Set::load(colour.coefficients[earlier] + at));
          Set::store(colour.coefficients[earlier] + at, coefficient);
          distance = Set::multiplyAdd(-coefficient, Set::load(colours_[earlier].distances + at), distance);
        }
        const auto logistic = component<Set>(shape_, target, distance, Set::load(colour.logScales + at));
        Floats weight = Set::load(colour.weights + at);
        if (c > 0) weight += Set::load(colours_[c - 1].joint + at);
        Set::store(colour.weights + at, weight);
        Set::store(colour.means + at, logistic.dMean);
        Set::store(colour.logScales + at, logistic.dLogScale);
        Set::store(colour.joint + at, weight + logistic.logP);
        Set::store(colour.distances + at, distance);
      }
      colour.all = logSumExp<Set>(colour.weights, shape_.components);
      const Floats hit = logSumExp<Set>(colour.joint, shape_.components);
      for (int at = 0; at < span_; at += Set::lanes) Set::store(colour.joint + at, Set::load(colour.joint + at) - hit);
      Set::store(nats + c * Set::lanes, colour.all - hit);
    }
  }

  // With prior = softmax(weights), posterior = softmax(weights + log p), g = dNats, and `later` = the gradient of the
  // next colour's weight logit, of which weight + log p is a summand:
  //   d weight = later + g (prior - posterior),  d log p = later - g posterior,
  //   d mean = d log p (d log p / d mean) - sum over later colours: coefficient d mean of that colour,
  //   d coefficient = d mean of its colour (target - mean of the earlier colour),  d tanh(x) = 1 - tanh(x)^2.
  void differentiate() {
    for (int at = 0; at < Colours * shape_.anchors * Set::lanes; at += Set::lanes) Set::store(dAnchors + at, Floats{});
    for (int c = Colours - 1; c >= 0; c--) {
      Colour& colour = colours_[c];
      const Floats factor = Set::load(dNats + c * Set::lanes);
      for (int k = 0, at = 0; k < shape_.components; k++, at += Set::lanes) {
        const Floats prior = Math<Set>::exp(Set::load(colour.weights + at) - colour.all);
        const Floats posterior = Math<Set>::exp(Set::load(colour.joint + at));
        Floats dWeight = factor * (prior - posterior), dLogP = -factor * posterior;
        if (c + 1 < Colours) {
          const Floats later = Set::load(colours_[c + 1].weights + at);
          dWeight += later;
          dLogP += later;
        }
        const Floats slope = Set::load(colour.means + at);
        Floats dMean = dLogP * slope, dOffset = dLogP * (slope * shape_.meanScale);
        for (int l = c + 1; l < Colours; l++) {
          float* coefficient = colours_[l].coefficients[c] + at;
          const Floats tanh = Set::load(coefficient), dLater = Set::load(colours_[l].joint + at);
          const Floats passed = tanh * dLater;
          dMean -= passed;
          dOffset -= passed * shape_.meanScale;
          Set::store(coefficient, (1.0f - tanh * tanh) * dLater * Set::load(colour.distances + at));
        }
        float* dAnchor = dAnchors + anchorOf(c, k);
        Set::store(dAnchor, Set::load(dAnchor) + dMean);
        Set::store(colour.joint + at, dMean);
        Set::store(colour.weights + at, dWeight);
        Set::store(colour.means + at, dOffset);
        Set::store(colour.logScales + at, dLogP * Set::load(colour.logScales + at));
      }
    }
  }

  float *parameters, *anchors, *dAnchors;
  float targets[Colours * Set::lanes], dNats[Colours * Set::lanes], nats[Colours * Set::lanes];

 private:
  struct Colour {
    float *weights, *means, *logScales, *coefficients[Colours], *joint, *distances;
    Floats all;  // logSumExp(weights)
  };

  float* take(float*& next) const {
    float* taken = next;
    next += span_;
    return taken;
  }
  int anchorOf(int c, int k) const { return (c * shape_.anchors + k % shape_.anchors) * Set::lanes; }

  const MixtureShape& shape_;
  const int span_;
  Colour colours_[Colours];
};

// Runs either kernel on rows [begin, end): the forward if `nats` is not null, else the gradient.
template <class Set, int Colours>
void mixture(const LogisticMixtureGradientCall& call, float* nats, size_t begin, size_t end) {
  const auto& [shape, parameters, targets, anchors, dNats, dParameters, dAnchors] = call;
  static thread_local Scratch scratch;
  MixtureRows<Set, Colours> block(shape, scratch);
  const int columns = block.columns() * shape.components, anchorColumns = Colours * shape.anchors;

  for (size_t row = begin; row < end; row += Set::lanes) {
    const int rows = static_cast<int>(end - row < Set::lanes ? end - row : Set::lanes);
    gatherRows<Set>(parameters + row * columns, rows, columns, block.parameters);
    gatherRows<Set>(anchors + row * anchorColumns, rows, anchorColumns, block.anchors);
    gatherRows<Set>(targets + row * Colours, rows, Colours, block.targets);
    block.evaluate();
    if (nats) scatterRows<Set>(block.nats, rows, Colours, nats + row * Colours);
    if (!dNats) continue;
    gatherRows<Set>(dNats + row * Colours, rows, Colours, block.dNats);
    block.differentiate();
    scatterRows<Set>(block.parameters, rows, columns, dParameters + row * columns);
    scatterRows<Set>(block.dAnchors, rows, anchorColumns, dAnchors + row * anchorColumns);
  }
}

// Rows per task, a multiple of the lanes of every set.
inline constexpr size_t mixtureRows = 256;

template <class Set>
void mixtures(const LogisticMixtureGradientCall& call, float* nats) {
  const auto run = call.numbers.colours == 1 ? mixture<Set, 1> : mixture<Set, 3>;
  forChunks(call.numbers.rows, mixtureRows, [&](size_t begin, size_t end) { run(call, nats, begin, end); });
}

template <class Set>
void logisticMixture(const LogisticMixtureCall& call) {
  mixtures<Set>({call.numbers, call.parameters, call.targets, call.anchors, nullptr, nullptr, nullptr}, call.nats);
}

template <class Set>
void logisticMixtureGradient(const LogisticMixtureGradientCall& call) {
  mixtures<Set>(call, nullptr);
}

}  // namespace pxv
