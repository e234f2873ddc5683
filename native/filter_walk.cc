#include "filter_walk.h"

#include <algorithm>

namespace pxv {
namespace {

// The next feature after `feature` where, for some tap, what a group sees ends, but at least `least` further, if there
// is one; the last such feature is the end of what any tap sees.
int nextCut(const ConvolutionShape& shape, int feature, int least) {
  int cut = 0, end = 0;
  for (int t = 0; t < shape.taps; t++)
    for (int group = 0; group < shape.groups; group++) {
      const int sees = shape.tap(t).sees[group];
      end = std::max(end, sees);
      if (sees >= feature + least && (cut == 0 || sees < cut)) cut = sees;
    }
  return cut == 0 ? end : cut;
}

}  // namespace

const FilterWalk& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows) {
  static thread_local FilterWalk walk;
  walk.panels.clear();
  walk.tiles.clear();
  walk.columns = 0;
  for (int group = 0, first = 0; group < shape.groups; first += shape.groupSizes[group++])
    cutIntoPanels(first, first + shape.groupSizes[group], lanes, false, [&](const Panel& panel) {
      walk.panels.push_back({panel, group, walk.columns});
      walk.columns += panel.vectors * lanes;
    });
  for (int begin = 0, end; (end = nextCut(shape, begin, tileRows / 2)) > begin; begin = end) {
    const int count = (end - begin + tileRows - 1) / tileRows;
    for (int i = 0; i < count; i++) {
      const int first = begin + (end - begin) * i / count;
      walk.tiles.push_back({first, begin + (end - begin) * (i + 1) / count - first});
    }
  }
  walk.top = walk.left = walk.bottom = walk.right = 0;
  for (int t = 0; t < shape.taps; t++) {
    const auto tap = shape.tap(t);
    walk.top = t == 0 ? tap.dy : std::min(walk.top, tap.dy);
    walk.bottom = t == 0 ? tap.dy : std::max(walk.bottom, tap.dy);
    walk.left = t == 0 ? tap.dx : std::min(walk.left, tap.dx);
    walk.right = t == 0 ? tap.dx : std::max(walk.right, tap.dx);
  }
  return walk;
}

}  // namespace pxv
