// Kernels `softmaxCrossEntropy` and `sigmoidCrossEntropy`, with their gradients. Softmax goes row by row, with vectors
// over the levels; for sigmoid a lane is a row.
#pragma once

#include <algorithm>
#include <cstring>

#include "../math.h"
#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

template <class Set>
float sumOfLanes(typename Set::Floats value) {
  float sum = 0.0f;
  for (int lane = 0; lane < Set::lanes; lane++) sum += value[lane];
  return sum;
}

template <class Set>
float largest(const float* row, int levels) {
  auto most = Set::fill(-__builtin_inff());
  for (int k = 0; k < levels; k += Set::lanes) most = Set::max(Set::load(row + k, levels - k, most[0]), most);
  float value = most[0];
  for (int lane = 1; lane < Set::lanes; lane++) value = most[lane] > value ? most[lane] : value;
  return value;
}

// Returns the sum over levels of e^(row - shift); stores the terms in `terms` if not null.
template <class Set>
float sumOfExponentials(const float* row, int levels, float shift, float* terms) {
  auto sum = Set::fill(0.0f);
  for (int k = 0; k < levels; k += Set::lanes) {
    const auto term = Math<Set>::exp(Set::load(row + k, levels - k, -__builtin_inff()) - shift);
    if (terms) Set::store(terms + k, term, levels - k);
    sum += term;
  }
  return sumOfLanes<Set>(sum);
}

// Rows per task.
inline constexpr size_t softmaxRows = 128;

template <class Set>
void softmaxCrossEntropy(const SoftmaxCrossEntropyCall& call) {
  const auto [rows, levels] = call.numbers;
  const auto one = [&](size_t i) {
    const float* row = call.logits + i * levels;
    const float shift = largest<Set>(row, levels);
    const float sum = sumOfExponentials<Set>(row, levels, shift, nullptr);
    call.nats[i] = Math<Set>::log(Set::fill(sum))[0] - (row[call.targets[i]] - shift);
  };
  forEach(rows, one, softmaxRows);
}

// d nats / d logit k = softmax k - [k = target].
template <class Set>
void softmaxCrossEntropyGradient(const SoftmaxCrossEntropyGradientCall& call) {
  const auto [rows, levels] = call.numbers;
  const auto one = [&](size_t i) {
    const float* row = call.logits + i * levels;
    float* gradient = call.dLogits + i * levels;
    const float sum = sumOfExponentials<Set>(row, levels, largest<Set>(row, levels), gradient);
    const auto factor = Set::fill(call.dNats[i] / sum);
    for (int k = 0; k < levels; k += Set::lanes)
      Set::store(gradient + k, Set::load(gradient + k, levels - k, 0.0f) * factor, levels - k);
    gradient[call.targets[i]] -= call.dNats[i];
  };
  forEach(rows, one, softmaxRows);
}

// Returns target / (levels - 1) of `rows` lanes; the other lanes are 0.
template <class Set>
typename Set::Floats greyLevel(const int32_t* targets, int levels, int rows) {
  typename Set::Integers target{};
  std::memcpy(&target, targets, std::min(rows, Set::lanes) * sizeof(int32_t));
  return __builtin_convertvector(target, typename Set::Floats) / static_cast<float>(levels - 1);
}

// Rows per task, a multiple of the lanes of every set.
inline constexpr size_t sigmoidRows = 8192;

// nats = y softplus(-z) + (1 - y) softplus(z). Where x is far below 0, softplus(x) is e^x, and so is sigmoid(x), which
// is exact below softplus's cutoff.
template <class Set>
void sigmoidCrossEntropy(const SigmoidCrossEntropyCall& call) {
  const auto exact = [](typename Set::Floats x) {
    const auto softplus = Math<Set>::softplus(x);
    return x < -20.0f ? softplus.sigmoid : softplus.value;
  };
  const auto [rows, levels] = call.numbers;
  forChunks(rows, sigmoidRows, [&, levels = levels](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += Set::lanes) {
      const int count = static_cast<int>(end - i);
      const auto z = Set::load(call.logits + i, count, 0.0f);
      const auto y = greyLevel<Set>(call.targets + i, levels, count);
      Set::store(call.nats + i, (1.0f - y) * exact(z) + y * exact(-z), count);
    }
  });
}

// d nats / d z = sigmoid(z) - y = (1 - y) sigmoid(z) - y sigmoid(-z), a difference of which one part is 0 for y 0 or 1.
template <class Set>
void sigmoidCrossEntropyGradient(const SigmoidCrossEntropyGradientCall& call) {
  const auto [rows, levels] = call.numbers;
  forChunks(rows, sigmoidRows, [&, levels = levels](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += Set::lanes) {
      const int count = static_cast<int>(end - i);
      const auto z = Set::load(call.logits + i, count, 0.0f);
      const auto y = greyLevel<Set>(call.targets + i, levels, count);
      const auto slope = (1.0f - y) * Math<Set>::softplus(z).sigmoid - y * Math<Set>::softplus(-z).sigmoid;
      Set::store(call.dLogits + i, Set::load(call.dNats + i, count, 0.0f) * slope, count);
    }
  });
}

}  // namespace pxv
