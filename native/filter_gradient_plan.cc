#include "filter_gradient_plan.h"

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

const FilterGradientPlan& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows) {
  static thread_local FilterGradientPlan plan;
  plan.panels.clear();
  plan.tiles.clear();
  plan.columns = 0;
  for (int group = 0, first = 0; group < shape.groups; first += shape.groupSizes[group++])
    cutIntoPanels(first, first + shape.groupSizes[group], lanes, false, [&](const Panel& panel) {
      plan.panels.push_back({panel, group, plan.columns});
      plan.columns += panel.vectors * lanes;
    });
  for (int begin = 0, end; (end = nextCut(shape, begin, tileRows / 2)) > begin; begin = end) {
    const int count = (end - begin + tileRows - 1) / tileRows;
    for (int i = 0; i < count; i++) {
      const int first = begin + (end - begin) * i / count;
      plan.tiles.push_back({first, begin + (end - begin) * (i + 1) / count - first});
    }
  }
  plan.top = plan.left = plan.bottom = plan.right = 0;
  for (int t = 0; t < shape.taps; t++) {
    const auto tap = shape.tap(t);
    plan.top = t == 0 ? tap.dy : std::min(plan.top, tap.dy);
    plan.bottom = t == 0 ? tap.dy : std::max(plan.bottom, tap.dy);
    plan.left = t == 0 ? tap.dx : std::min(plan.left, tap.dx);
    plan.right = t == 0 ? tap.dx : std::max(plan.right, tap.dx);
  }
  return plan;
}

}  // namespace pxv
