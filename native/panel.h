// Panels: pieces of a destination's features for the register tiles.
#pragma once

#include <algorithm>
#include <type_traits>

namespace pxv {

// Features [first, first + width) of a tensor's last axis, computed at once in one to three vectors.
struct Panel {
  int first, width;
  int vectors;
};

// Calls visit(Panel) for panels that cover [begin, end); vectors have `lanes` floats. Panels are pairs of vectors. For
// an odd number of vectors above 1 one panel is a triple, since the loads of a single vector take as long as its sums.
// Without `triples` a single vector is left instead.
template <class Visit>
void cutIntoPanels(int begin, int end, int lanes, bool triples, Visit&& visit) {
  for (int first = begin; first < end;) {
    const int left = (end - first + lanes - 1) / lanes;
    const int vectors = triples && left > 2 && left % 2 == 1 ? 3 : std::min(left, 2);
    const int width = std::min(end - first, vectors * lanes);
    visit(Panel{first, width, vectors});
    first += width;
  }
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
