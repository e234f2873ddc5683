#include "convolution_plan.h"

#include <algorithm>

namespace pxv {
namespace {

void extend(TapBounds& bounds, int dy, int dx, bool isFirst) {
  if (isFirst) bounds = {dy, dx, dy, dx};
  bounds = {std::min(bounds.top, dy), std::min(bounds.left, dx), std::max(bounds.bottom, dy),
            std::max(bounds.right, dx)};
}

// `tap.word` and `tap.words` follow from its features.
void addTap(ConvolutionPlan& plan, PanelTap tap, const WordLayout& layout) {
  if (tap.count == 0) return;
  const int endWord = (tap.first + tap.count + layout.numbersInWord - 1) / layout.numbersInWord;
  tap.word = tap.first / layout.numbersInWord;
  tap.words = (endWord - tap.word + layout.wordsInStep - 1) / layout.wordsInStep * layout.wordsInStep;
  extend(plan, tap.dy, tap.dx, plan.taps.empty());
  plan.taps.push_back(tap);
}

// Ends the panel that reads the taps added since `tapsBegin`.
void addPanel(ConvolutionPlan& plan, const Panel& panel, size_t tapsBegin, int lanes) {
  plan.panels.push_back({panel, static_cast<int>(tapsBegin), static_cast<int>(plan.taps.size()), plan.packedWords});
  for (size_t t = tapsBegin; t < plan.taps.size(); t++)
    plan.packedWords += static_cast<size_t>(plan.taps[t].words) * panel.vectors * lanes;
}

ConvolutionPlan& emptyPlan() {
  static thread_local ConvolutionPlan plan;
  plan.panels.clear();
  plan.taps.clear();
  plan.packedWords = 0;
  static_cast<TapBounds&>(plan) = {};
  return plan;
}

// The first feature, at least `least` after this one, where for some tap what a group sees ends; `end` where there is none.
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
    cutIntoPanels(first, first + shape.groupSizes[group], layout.lanes, true, [&](const Panel& panel) {
      const size_t tapsBegin = plan.taps.size();
      for (int t = 0; t < shape.taps; t++) {
        const auto tap = shape.tap(t);
        addTap(plan, {tap.dy, tap.dx, tap.position, 0, tap.sees[group]}, layout);
      }
      addPanel(plan, panel, tapsBegin, layout.lanes);
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
  for (int begin = 0, end; begin < shape.inFeatures; begin = end) {
    end = nextCut(shape, begin, 1, shape.inFeatures);
    cutIntoPanels(begin, end, layout.lanes, true, [&](const Panel& panel) {
      const size_t tapsBegin = plan.taps.size();
      for (int t = 0; t < shape.taps; t++) {
        const auto tap = shape.tap(t);
        const int y = phaseY - tap.dy, x = phaseX - tap.dx;
        if (y % stride != 0 || x % stride != 0) continue;
        const int first = firstOutputThatSees(shape, tap, panel.first);
        addTap(plan, {y / stride, x / stride, tap.position, first, shape.outFeatures - first}, layout);
      }
      addPanel(plan, panel, tapsBegin, layout.lanes);
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
