// Gates, cell and state of one pixel of an LSTM layer, after the sums of its gates; and their gradients.
#pragma once

#include "../math.h"
#include "../scan_plan.h"

namespace pxv {

// Calls visit(gate, feature, size, count) for each vector of hidden features: `gate` is the index of its o in the 4h
// maps (f, i and g follow `size` maps apart), `feature` its first feature, `count` its features, a constant for a full
// vector.
template <class Set, class Groups, class Visit>
[[gnu::always_inline]] inline void forFeatures(const Groups& shape, Visit&& visit) {
  for (int group = 0, first = 0; group < shape.groups; first += shape.groupSizes[group++]) {
    const int size = shape.groupSizes[group];
    int k = 0;
    for (; k + Set::lanes <= size; k += Set::lanes) visit(4 * first + k, first + k, size, Set::lanes);
    if (k < size) visit(4 * first + k, first + k, size, size - k);
  }
}

// Turns sums [4h], plus `gates` unless null, into activations, in place, and writes c = f c' + i g; c' is `before`.
// Reads only the colour groups of the shape.
template <class Set, class Groups, class Number>
void cell(const Groups& shape, const Number* gates, const float* before, float* sums, float* cells) {
  using M = Math<Set>;
  forFeatures<Set>(shape, [&](int gate, int feature, int size, int count) __attribute__((always_inline)) {
    float* at = sums + gate;
    const auto sum = [&](int place) __attribute__((always_inline)) {
      const auto product = Set::load(at + place, count, 0.0f);
      return gates ? product + Set::load(gates + gate + place, count, 0.0f) : product;
    };
    const auto o = M::sigmoid(sum(0)), f = M::sigmoid(sum(size)), i = M::sigmoid(sum(2 * size));
    const auto g = M::tanh(sum(3 * size));
    Set::store(at, o, count);
    Set::store(at + size, f, count);
    Set::store(at + 2 * size, i, count);
    Set::store(at + 3 * size, g, count);
    Set::store(cells + feature, Set::multiplyAdd(f, Set::load(before + feature, count, 0.0f), i * g), count);
  });
}

// h = o tanh(c). Separate from `cell`: one pixel's c has a long latency, which the states of many pixels hide.
template <class Set, class Groups>
void state(const Groups& shape, const float* activations, const float* cells, float* states) {
  forFeatures<Set>(shape, [&](int gate, int feature, int, int count) __attribute__((always_inline)) {
    const auto squashed = Math<Set>::tanh(Set::load(cells + feature, count, 0.0f));
    Set::store(states + feature, Set::load(activations + gate, count, 0.0f) * squashed, count);
  });
}

// With dh = dOut + dRead, dRead the gradient from the pixels that read this state, and s the gates:
//   dc = carried + dh o (1 - tanh(c)^2)
//   ds = dh tanh(c) o (1 - o) | dc c' f (1 - f) | dc g i (1 - i) | dc i (1 - g^2)
// `carried` is f dc of the pixel that reads this pixel's cell, and afterwards f dc of this pixel.
template <class Set, class Number>
void cellGradient(const ScanShape& shape, const float* dOut, const float* dRead, const Number* activations,
                  const float* cells, const float* before, float* carried, Number* dGates) {
  forFeatures<Set>(shape, [&](int gate, int feature, int size, int count) __attribute__((always_inline)) {
    const auto load = [&](const auto* from) { return Set::load(from, count, 0.0f); };
    const Number* at = activations + gate;
    const auto o = load(at), f = load(at + size), i = load(at + 2 * size), g = load(at + 3 * size);
    const auto squashed = Math<Set>::tanh(load(cells + feature));
    const auto dh = load(dOut + feature) + load(dRead + feature);
    const auto dc = load(carried + feature) + dh * o * (1.0f - squashed * squashed);
    Set::store(carried + feature, dc * f, count);
    Number* to = dGates + gate;
    Set::store(to, dh * squashed * o * (1.0f - o), count);
    Set::store(to + size, dc * load(before + feature) * f * (1.0f - f), count);
    Set::store(to + 2 * size, dc * g * i * (1.0f - i), count);
    Set::store(to + 3 * size, dc * i * (1.0f - g * g), count);
  });
}

}  // namespace pxv
