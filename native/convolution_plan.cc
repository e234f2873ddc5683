#include "convolution_plan.h"

#include <algorithm>

namespace pxv {
namespace {

void extend(TapBounds& bounds, int dy, int dx, bool isFirst) {
  if (isFirst) bounds = {dy, dx, dy, dx};
  bounds = {std::min(bounds.top, dy), std::min(bounds.left, dx), std::max(bounds.bottom, dy),
            std::max(bounds.right, dx)};
}

// Adds the panels of a plan. nextEnd(first) is the feature after `first` where another group begins, and
// readOf(tap, first, end) the PanelTap through which features [first, end) are summed.
template <class NextEnd, class ReadOf>
void addPanels(ConvolutionPlan& plan, const ConvolutionShape& shape, const WordLayout& layout, const NextEnd& nextEnd,
               const ReadOf& readOf) {
  const auto [lanes, inWord, inStep] = layout;
  const auto tapOf = [&](int t, int first, int end) {
    PanelTap tap = readOf(shape.tap(t), first, end);
    tap.word = tap.first / inWord;
    const int endWord = (tap.first + tap.count + inWord - 1) / inWord;
    tap.words = tap.count == 0 ? 0 : (endWord - tap.word + inStep - 1) / inStep * inStep;
    return tap;
  };
  const auto reads = [&](int first, int end) {
    int words = 0;
    for (int t = 0; t < shape.taps; t++) words += tapOf(t, first, end).words;
    return words;
  };
  cutIntoPanels(plan.features, lanes, 3, nextEnd, reads, [&](const Panel& panel) {
    const int tapsBegin = static_cast<int>(plan.taps.size());
    const size_t weights = plan.packedWords;
    for (int t = 0; t < shape.taps; t++) {
      const PanelTap tap = tapOf(t, panel.first, panel.first + panel.width);
      if (tap.count == 0) continue;
      extend(plan, tap.dy, tap.dx, plan.taps.empty());
      plan.taps.push_back(tap);
      plan.packedWords += static_cast<size_t>(tap.words) * panel.vectors * lanes;
    }
    plan.panels.push_back({panel, tapsBegin, static_cast<int>(plan.taps.size()), weights});
  });
}

ConvolutionPlan& emptyPlan() {
  static thread_local ConvolutionPlan plan;
  plan.panels.clear();
  plan.taps.clear();
  plan.packedWords = 0;
  static_cast<TapBounds&>(plan) = {};
  return plan;
}

// Returns the first feature, at least `least` after `feature`, where the features visible to a group through some tap
// end; else `end`.
int nextCut(const ConvolutionShape& shape, int feature, int least, int end) {
  int cut = end;
  for (int t = 0; t < shape.taps; t++)
    for (int group = 0; group < shape.groups; group++)
      if (const int sees = shape.tap(t).sees[group]; sees >= feature + least) cut = std::min(cut, sees);
  return cut;
}

}  // namespace

const ConvolutionPlan& planForward(const ConvolutionShape& shape, const WordLayout& layout) {
  ConvolutionPlan& plan = emptyPlan();
  plan.sourceHeight = shape.inHeight;
  plan.sourceWidth = shape.inWidth;
  plan.sourceFeatures = shape.inFeatures;
  plan.sourceWords = (shape.inFeatures + layout.numbersInWord - 1) / layout.numbersInWord;
  plan.sourceStep = shape.stride;
  plan.height = plan.rows = shape.outHeight;
  plan.width = plan.columns = shape.outWidth;
  plan.features = shape.outFeatures;
  plan.firstRow = plan.firstColumn = 0;
  plan.gridStep = 1;
  addPanels(
      plan, shape, layout, [&](int first) { return shape.endOfGroup(shape.groupOf(first)); },
      [&](const ConvolutionShape::Tap& tap, int, int end) {
        return PanelTap{tap.dy, tap.dx, tap.position, 0, tap.sees[shape.groupOf(end - 1)], tap.sees};
      });
  return plan;
}

const ConvolutionPlan& planInputGradient(const ConvolutionShape& shape, int phaseY, int phaseX,
                                         const WordLayout& layout) {
  const int stride = shape.stride;
  ConvolutionPlan& plan = emptyPlan();
  plan.sourceHeight = shape.outHeight;
  plan.sourceWidth = shape.outWidth;
  plan.sourceFeatures = shape.outFeatures;
  plan.sourceWords = (shape.outFeatures + layout.numbersInWord - 1) / layout.numbersInWord;
  plan.sourceStep = 1;
  plan.height = shape.inHeight;
  plan.width = shape.inWidth;
  plan.features = shape.inFeatures;
  plan.rows = (shape.inHeight - phaseY + stride - 1) / stride;
  plan.columns = (shape.inWidth - phaseX + stride - 1) / stride;
  plan.firstRow = phaseY;
  plan.firstColumn = phaseX;
  plan.gridStep = stride;
  addPanels(
      plan, shape, layout, [&](int first) { return nextCut(shape, first, 1, shape.inFeatures); },
      [&](const ConvolutionShape::Tap& tap, int first, int) {
        const int y = phaseY - tap.dy, x = phaseX - tap.dx;
        const bool isOnGrid = y % stride == 0 && x % stride == 0;
        const int seenFrom = isOnGrid ? shape.firstOutputThatSees(tap.sees, first) : shape.outFeatures;
        return PanelTap{y / stride, x / stride, tap.position, seenFrom, shape.outFeatures - seenFrom, tap.sees};
      });
  return plan;
}

const FilterGradientPlan& planFilterGradient(const ConvolutionShape& shape, int lanes, int tileRows) {
  static thread_local FilterGradientPlan plan;
  plan.panels.clear();
  plan.tiles.clear();
  plan.columns = 0;
  const auto reads = [&](int, int end) {
    int sum = 0;
    for (int t = 0; t < shape.taps; t++) sum += shape.tap(t).sees[shape.groupOf(end - 1)];
    return sum;
  };
  cutIntoPanels(
      shape.outFeatures, lanes, 2, [&](int first) { return shape.endOfGroup(shape.groupOf(first)); }, reads,
      [&](const Panel& panel) {
        plan.panels.push_back({panel, shape.groupOf(panel.first + panel.width - 1), plan.columns});
        plan.columns += panel.vectors * lanes;
      });
  static_cast<TapBounds&>(plan) = {};
  int seen = 0;
  for (int t = 0; t < shape.taps; t++) {
    const auto tap = shape.tap(t);
    extend(plan, tap.dy, tap.dx, t == 0);
    seen = std::max(seen, *std::max_element(tap.sees, tap.sees + shape.groups));
  }
  for (int begin = 0, end; begin < seen; begin = end) {
    end = nextCut(shape, begin, tileRows / 2, seen);
    const int count = (end - begin + tileRows - 1) / tileRows;
    for (int i = 0; i < count; i++) {
      const int first = begin + (end - begin) * i / count;
      plan.tiles.push_back({first, begin + (end - begin) * (i + 1) / count - first});
    }
  }
  return plan;
}

}  // namespace pxv
