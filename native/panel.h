// Panels: pieces of a destination's features for the register tiles.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

namespace pxv {

// Features [first, first + width) of a tensor's last axis, computed at once in one to three vectors.
struct Panel {
  int first, width;
  int vectors;
};

// Calls visit(Panel) for panels of one to `most` vectors that cover [0, features) at the least cost; vectors have
// `lanes` floats. reads(first, end) is how many words each vector of a panel sums, and nextEnd(first) the feature where
// another group begins. A panel may span groups, and then sums what any of them reads: masked weights count as zero.
template <class NextEnd, class Reads, class Visit>
void cutIntoPanels(int features, int lanes, int most, NextEnd&& nextEnd, Reads&& reads, Visit&& visit) {
  struct Cut {
    long cost;
    int end, vectors;
  };
  // Measured: the loads of a single vector take longer than its sums.
  constexpr int costs[] = {0, 5, 8, 12};
  static thread_local std::vector<Cut> cuts;  // the best from each feature on
  cuts.assign(features + 1, Cut{0, 0, 0});
  for (int first = features - 1; first >= 0; first--) {
    Cut& best = cuts[first] = {std::numeric_limits<long>::max(), 0, 0};
    const auto consider = [&](int end, int vectors) {
      const long cost = static_cast<long>(reads(first, end)) * costs[vectors] + cuts[end].cost;
      if (cost < best.cost) best = {cost, end, vectors};
    };
    for (int vectors = 1; vectors <= most; vectors++) consider(std::min(first + vectors * lanes, features), vectors);
    const int vectors = (nextEnd(first) - first + lanes - 1) / lanes;
    if (vectors <= most) consider(nextEnd(first), vectors);
  }
  for (int first = 0; first < features; first = cuts[first].end)
    visit(Panel{first, cuts[first].end - first, cuts[first].vectors});
}

// Calls visit with `number`, 1 to Most, as a compile-time constant.
template <int Most, class Visit>
[[gnu::always_inline]] inline void withConstant(int number, Visit&& visit) {
  if constexpr (Most > 1)
    if (number < Most) return withConstant<Most - 1>(number, visit);
  visit(std::integral_constant<int, Most>());
}

// Calls visit with a panel's number of vectors, 1 to 3, as a compile-time constant.
template <class Visit>
[[gnu::always_inline]] inline void withVectors(int vectors, Visit&& visit) {
  withConstant<3>(vectors, visit);
}

}  // namespace pxv
