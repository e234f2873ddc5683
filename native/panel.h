// Panels: how the features of a destination are cut for the register tiles.
#pragma once

namespace pxv {

// Features [first, first + width) of a tensor's last axis, computed side by side in one or two vectors.
struct Panel {
  int first, width;
  int vectors;
};

// Calls visit(Panel) for panels that cover [begin, end); vectors have `lanes` floats.
template <class Visit>
void cutIntoPanels(int begin, int end, int lanes, Visit&& visit) {
  for (int first = begin; first < end; first += 2 * lanes) {
    const int width = end - first < 2 * lanes ? end - first : 2 * lanes;
    visit(Panel{first, width, width > lanes ? 2 : 1});
  }
}

}  // namespace pxv
