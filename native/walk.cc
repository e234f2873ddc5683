#include "walk.h"

#include <algorithm>

namespace pxv {
namespace {

// `tap.word` and `tap.words` follow from its features.
void addTap(Walk& walk, PanelTap tap, const WordLayout& layout) {
  if (tap.count == 0) return;
  const int endWord = (tap.first + tap.count + layout.numbersInWord - 1) / layout.numbersInWord;
  tap.word = tap.first / layout.numbersInWord;
  tap.words = (endWord - tap.word + layout.wordsInStep - 1) / layout.wordsInStep * layout.wordsInStep;
  if (walk.taps.empty()) {
    walk.top = walk.bottom = tap.dy;
    walk.left = walk.right = tap.dx;
  }
  walk.top = std::min(walk.top, tap.dy);
  walk.bottom = std::max(walk.bottom, tap.dy);
  walk.left = std::min(walk.left, tap.dx);
  walk.right = std::max(walk.right, tap.dx);
  walk.taps.push_back(tap);
}

// Ends the panel that reads the taps added since `tapsBegin`.
void addPanel(Walk& walk, const Panel& panel, size_t tapsBegin, int lanes) {
  walk.panels.push_back({panel, static_cast<int>(tapsBegin), static_cast<int>(walk.taps.size()), walk.packedWords});
  for (size_t t = tapsBegin; t < walk.taps.size(); t++)
    walk.packedWords += static_cast<size_t>(walk.taps[t].words) * panel.vectors * lanes;
}

Walk& emptyWalk() {
  static thread_local Walk walk;
  walk.panels.clear();
  walk.taps.clear();
  walk.packedWords = 0;
  walk.top = walk.left = walk.bottom = walk.right = 0;
  return walk;
}

// The next feature after `feature` where, for some tap, the first output that sees it changes.
int nextCut(const ConvolutionShape& shape, int feature) {
  int cut = shape.inFeatures;
  for (int t = 0; t < shape.taps; t++)
    for (int group = 0; group < shape.groups; group++) {
      const int sees = shape.tap(t).sees[group];
      if (sees > feature) cut = std::min(cut, sees);
    }
  return cut;
}

int firstOutputThatSees(const ConvolutionShape& shape, const ConvolutionShape::Tap& tap, int feature) {
  int output = 0;
  for (int group = 0; group < shape.groups && tap.sees[group] <= feature; group++) output += shape.groupSizes[group];
  return output;
}

}  // namespace

const Walk& planForward(const ConvolutionShape& shape, const WordLayout& layout) {
  Walk& walk = emptyWalk();
  walk.sourceHeight = shape.inHeight;
  walk.sourceWidth = shape.inWidth;
  walk.sourceFeatures = shape.inFeatures;
  walk.sourceWords = (shape.inFeatures + layout.numbersInWord - 1) / layout.numbersInWord;
  walk.sourceStep = shape.stride;
  walk.height = walk.rows = shape.outHeight;
  walk.width = walk.columns = shape.outWidth;
  walk.features = shape.outFeatures;
  walk.firstRow = walk.firstColumn = 0;
  walk.gridStep = 1;
  for (int group = 0, first = 0; group < shape.groups; first += shape.groupSizes[group++])
    cutIntoPanels(first, first + shape.groupSizes[group], layout.lanes, true, [&](const Panel& panel) {
      const size_t tapsBegin = walk.taps.size();
      for (int t = 0; t < shape.taps; t++) {
        const auto tap = shape.tap(t);
        addTap(walk, {tap.dy, tap.dx, tap.position, 0, tap.sees[group]}, layout);
      }
      addPanel(walk, panel, tapsBegin, layout.lanes);
    });
  return walk;
}

const Walk& planInputGradient(const ConvolutionShape& shape, int phaseY, int phaseX, const WordLayout& layout) {
  const int stride = shape.stride;
  Walk& walk = emptyWalk();
  walk.sourceHeight = shape.outHeight;
  walk.sourceWidth = shape.outWidth;
  walk.sourceFeatures = shape.outFeatures;
  walk.sourceWords = (shape.outFeatures + layout.numbersInWord - 1) / layout.numbersInWord;
  walk.sourceStep = 1;
  walk.height = shape.inHeight;
  walk.width = shape.inWidth;
  walk.features = shape.inFeatures;
  walk.rows = (shape.inHeight - phaseY + stride - 1) / stride;
  walk.columns = (shape.inWidth - phaseX + stride - 1) / stride;
  walk.firstRow = phaseY;
  walk.firstColumn = phaseX;
  walk.gridStep = stride;
  for (int begin = 0, end; begin < shape.inFeatures; begin = end) {
    end = nextCut(shape, begin);
    cutIntoPanels(begin, end, layout.lanes, true, [&](const Panel& panel) {
      const size_t tapsBegin = walk.taps.size();
      for (int t = 0; t < shape.taps; t++) {
        const auto tap = shape.tap(t);
        const int y = phaseY - tap.dy, x = phaseX - tap.dx;
        if (y % stride != 0 || x % stride != 0) continue;
        const int first = firstOutputThatSees(shape, tap, panel.first);
        addTap(walk, {y / stride, x / stride, tap.position, first, shape.outFeatures - first}, layout);
      }
      addPanel(walk, panel, tapsBegin, layout.lanes);
    });
  }
  return walk;
}

}  // namespace pxv
