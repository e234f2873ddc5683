// `logisticMixture` and its gradient: a lane is a row, so that components follow each other without shuffles.
#pragma once

#include "../chunks.h"
#include "../kernel_table.h"
#include "../math.h"
#include "../scratch.h"

namespace pxv {

// One logistic of some rows, at the rows' targets.
template <class Set>
struct Component {
  using Floats = typename Set::Floats;
  Floats logP;
  Floats dMean, dLogScale;  // derivatives of logP with respect to the mean offset and the log-scale offset
};

// log p = log sigmoid(upper) + log sigmoid(-lower) + log(1 - e^-width), width = upper - lower = 1 / scale. With
// log sigmoid(u) = -softplus(-u):
//   d/du log sigmoid(u) = sigmoid(-u),  d upper / d mean = -width,  d upper / d log scale = -upper, likewise for lower,
//   d/d log scale log(1 - e^-width) = -width / (e^width - 1) = width (1 + 1 / expm1(-width)).
// At level 0 only the first term stands, at the last level only the second.
template <class Set>
Component<Set> component(const MixtureShape& shape, typename Set::Floats target, typename Set::Floats anchor,
                         typename Set::Floats mean, typename Set::Floats logScale) {
  using M = Math<Set>;
  using Floats = typename Set::Floats;
  const Floats zero{};
  const auto first = target == 0.0f, last = target == static_cast<float>(shape.levels - 1);

  const Floats wide = logScale + 1.0986123f;  // log 3
  const auto above = wide > 6.0f, below = wide < -3.0f;
  const Floats clamped = above ? Set::fill(6.0f) : below ? Set::fill(-3.0f) : wide;
  const Floats width = M::exp(-clamped);
  const Floats distance = target - Set::multiplyAdd(mean, Set::fill(shape.meanScale), anchor);
  const Floats upper = (distance + 0.5f) * width, lower = (distance - 0.5f) * width;

  const auto up = M::softplus(-upper), down = M::softplus(lower);
  const Floats shrunk = M::expm1(-width);
  const Floats sigmoidUp = last ? zero : up.sigmoid, sigmoidDown = first ? zero : down.sigmoid;
  const auto inner = ~(first | last);

  Component<Set> result;
  result.logP = (inner ? M::log(-shrunk) : zero) - (last ? zero : up.value) - (first ? zero : down.value);
  result.dMean = width * (sigmoidDown - sigmoidUp) * shape.meanScale;
  const Floats slope = lower * sigmoidDown - upper * sigmoidUp + (inner ? width + width / shrunk : zero);
  result.dLogScale = (above | below) ? zero : slope;
  return result;
}

// Lane i of vector j = from[i * columns + j], for `rows` lanes; the other lanes repeat the last row.
template <class Set>
void gatherRows(const float* from, int rows, int columns, float* to) {
  for (int lane = 0; lane < Set::lanes; lane++) {
    const float* row = from + static_cast<size_t>(lane < rows ? lane : rows - 1) * columns;
    for (int j = 0; j < columns; j++) to[j * Set::lanes + lane] = row[j];
  }
}

// Sum over k of e^values[k], as the logarithm, for each lane; values is [components][lanes].
template <class Set>
typename Set::Floats logSumExp(const float* values, int components) {
  auto most = Set::load(values);
  for (int k = 1; k < components; k++) most = Set::max(Set::load(values + k * Set::lanes), most);
  auto sum = Set::fill(0.0f);
  for (int k = 0; k < components; k++) sum += Math<Set>::exp(Set::load(values + k * Set::lanes) - most);
  return most + Math<Set>::log(sum);
}

// Both kernels: nats = logSumExp(weights) - logSumExp(weights + log p), and where dNats is given, with
// prior = softmax(weights) and posterior = softmax(weights + log p),
//   d nats / d weight = prior - posterior,  d nats / d mean = -posterior d log p / d mean, likewise for the scale.
template <class Set>
void mixture(const MixtureShape& shape, const float* parameters, const int32_t* targets, const float* anchors,
             const float* dNats, size_t begin, size_t end, float* nats, float* dParameters) {
  using Floats = typename Set::Floats;
  static thread_local Scratch scratch;
  const int components = shape.components, columns = 3 * components;
  const int span = components * Set::lanes;
  float* gathered = scratch.reserve<float>(static_cast<size_t>(7) * span);
  const float *weights = gathered, *means = gathered + span, *logScales = gathered + 2 * span;
  float *joint = gathered + 3 * span, *gradient = gathered + 4 * span;

  for (size_t row = begin; row < end; row += Set::lanes) {
    const int rows = static_cast<int>(end - row < Set::lanes ? end - row : Set::lanes);
    gatherRows<Set>(parameters + row * columns, rows, columns, gathered);
    Floats target{};
    for (int lane = 0; lane < rows; lane++) target[lane] = static_cast<float>(targets[row + lane]);
    const Floats anchor = Set::load(anchors + row, rows, 0.0f);
    for (int k = 0; k < components; k++) {
      const int at = k * Set::lanes;
      const auto logistic = component<Set>(shape, target, anchor, Set::load(means + at), Set::load(logScales + at));
      Set::store(joint + at, Set::load(weights + at) + logistic.logP);
      Set::store(gradient + span + at, logistic.dMean);
      Set::store(gradient + 2 * span + at, logistic.dLogScale);
    }
    const Floats all = logSumExp<Set>(weights, components), hit = logSumExp<Set>(joint, components);
    if (!dNats) {
      Set::store(nats + row, all - hit, rows);
      continue;
    }
    const Floats factor = Set::load(dNats + row, rows, 0.0f);
    for (int k = 0; k < components; k++) {
      const int at = k * Set::lanes;
      const Floats prior = Math<Set>::exp(Set::load(weights + at) - all);
      const Floats posterior = Math<Set>::exp(Set::load(joint + at) - hit);
      Set::store(gradient + at, factor * (prior - posterior));
      Set::store(gradient + span + at, -factor * posterior * Set::load(gradient + span + at));
      Set::store(gradient + 2 * span + at, -factor * posterior * Set::load(gradient + 2 * span + at));
    }
    for (int lane = 0; lane < rows; lane++)
      for (int j = 0; j < columns; j++) dParameters[(row + lane) * columns + j] = gradient[j * Set::lanes + lane];
  }
}

// Rows that a thread takes at once; a multiple of the lanes of every set.
inline constexpr size_t mixtureRows = 512;

template <class Set>
void logisticMixture(const MixtureShape& shape, const float* parameters, const int32_t* targets, const float* anchors,
                     int rows, float* nats) {
  auto chunk = [&](size_t begin, size_t end) {
    mixture<Set>(shape, parameters, targets, anchors, nullptr, begin, end, nats, nullptr);
  };
  forChunks(rows, chunk, mixtureRows);
}

template <class Set>
void logisticMixtureGradient(const MixtureShape& shape, const float* parameters, const int32_t* targets,
                             const float* anchors, const float* dNats, int rows, float* dParameters) {
  auto chunk = [&](size_t begin, size_t end) {
    mixture<Set>(shape, parameters, targets, anchors, dNats, begin, end, nullptr, dParameters);
  };
  forChunks(rows, chunk, mixtureRows);
}

template <class Set>
void fillLogisticMixture(KernelTable& table) {
  table.logisticMixture = logisticMixture<Set>;
  table.logisticMixtureGradient = logisticMixtureGradient<Set>;
}

}  // namespace pxv
