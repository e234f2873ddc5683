#include "convolution_plan.h"

#include <algorithm>

namespace pxv {
namespace {

void extend(TapBounds& bounds, int dy, int dx, bool isFirst) {
  if (isFirst) bounds = {dy, dx, dy, dx};
  bounds = {std::min(bounds.top, dy), std::min(bounds.left, dx), std::max(bounds.bottom, dy),
            std::max(bounds.right, dx)};
}

// Adds panels over features [begin, end) of the destination; readOf(tap) returns the PanelTap of a tap.
template <class ReadOf>
void addPanels(ConvolutionPlan& plan, const ConvolutionShape& shape, int begin, int end, const WordLayout& layout,
               const ReadOf& readOf) {
  const auto [lanes, inWord, inStep] = layout;
  cutIntoPanels(begin, end, lanes, true, [&](const Panel& panel) {
    const int tapsBegin = static_cast<int>(plan.taps.size());
    const size_t weights = plan.packedWords;
    for (int t = 0; t < shape.taps; t++) {
      PanelTap tap = readOf(shape.tap(t));
      if (tap.count == 0) continue;
      tap.word = tap.first / inWord;
      const int endWord = (tap.first + tap.count + inWord - 1) / inWord;
      tap.words = (endWord - tap.word + inStep - 1) / inStep * inStep;
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

int firstOutputThatSees(const ConvolutionShape& shape, const ConvolutionShape::Tap& tap, int feature) {
  int output = 0;
  for (int group = 0; group < shape.groups && tap.sees[group] <= feature; group++) output += shape.groupSizes[group];
  return output;
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
  for (int group = 0, first = 0; group < shape.groups; first += shape.groupSizes[group++])
    addPanels(plan, shape, first, first + shape.groupSizes[group], layout, [group](const ConvolutionShape::Tap& tap) {
      return PanelTap{tap.dy, tap.dx, tap.position, 0, tap.sees[group]};
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
  const auto cutAfter = [&](int feature) { return nextCut(shape, feature, 1, shape.inFeatures); };
  for (int begin = 0, end; begin < shape.inFeatures; begin = end) {
    // All features from `begin` to `end` are visible to the same outputs, or they fit in a vector and are read as the
    // first of them is: masked weights are zero.
    end = cutAfter(begin);
    while (end < shape.inFeatures && cutAfter(end) - begin <= layout.lanes) end = cutAfter(end);
    addPanels(plan, shape, begin, end, layout, [&](const ConvolutionShape::Tap& tap) {
      const int y = phaseY - tap.dy, x = phaseX - tap.dx;
      const bool isOnGrid = y % stride == 0 && x % stride == 0;
      const int first = isOnGrid ? firstOutputThatSees(shape, tap, begin) : shape.outFeatures;
      return PanelTap{y / stride, x / stride, tap.position, first, shape.outFeatures - first};
    });
  }
  return plan;
}

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
