// `sigmoidCrossEntropy` and its gradient: a lane is a row.
#pragma once

#include <algorithm>
#include <cstring>

#include "../chunks.h"
#include "kernel_table.h"
#include "../math.h"

namespace pxv {

// The logit of the other level than the target, for `rows` lanes; the other lanes hold 0.
template <class Set>
typename Set::Floats otherLevel(const float* logits, const int32_t* targets, int rows) {
  const auto logit = Set::load(logits, rows, 0.0f);
  typename Set::Integers target{};
  std::memcpy(&target, targets, std::min(rows, Set::lanes) * sizeof(int32_t));
  return target == 1 ? -logit : logit;
}

// Rows that a thread takes at once; a multiple of the lanes of every set.
inline constexpr size_t sigmoidRows = 8192;

// nats = softplus(z), z the logit of the other level. Where z is far below 0 that is e^z, and so is sigmoid(z), which
// goes on where softplus is cut off.
template <class Set>
void sigmoidCrossEntropy(const SigmoidCrossEntropyCall& call) {
  auto chunk = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += Set::lanes) {
      const int count = static_cast<int>(end - i);
      const auto z = otherLevel<Set>(call.logits + i, call.targets + i, count);
      const auto softplus = Math<Set>::softplus(z);
      Set::store(call.nats + i, z < -20.0f ? softplus.sigmoid : softplus.value, count);
    }
  };
  forChunks(call.numbers.rows, chunk, sigmoidRows);
}

// d nats / d z = sigmoid(z), and the logit is z or -z.
template <class Set>
void sigmoidCrossEntropyGradient(const SigmoidCrossEntropyGradientCall& call) {
  auto chunk = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += Set::lanes) {
      const int count = static_cast<int>(end - i);
      const auto z = otherLevel<Set>(call.logits + i, call.targets + i, count);
      const auto factor = otherLevel<Set>(call.dNats + i, call.targets + i, count);
      Set::store(call.dLogits + i, factor * Math<Set>::softplus(z).sigmoid, count);
    }
  };
  forChunks(call.numbers.rows, chunk, sigmoidRows);
}

}  // namespace pxv
