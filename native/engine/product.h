// Matrix product of a conv or an lstm, with weights packed in reading order.
#pragma once

#include <vector>

#include "engine_kernels.h"
#include "program.h"

namespace pxv::engine {

// Some outputs of one colour group, computed at once. Taps on rows above are a separate run: their sums can be computed
// for a whole row before its first pixel.
struct Panel {
  int first, width, vectors;
  int group;
  size_t aboveWeights, restWeights, bias;  // offsets in the packed floats
};

class Product {
 public:
  // `split`: true if taps on rows above are a separate run.
  Product(const Op& op, int readFeatures, bool split, const EngineKernels& kernels);

  // Assigns offsets in the packed floats to the panels of a group, from `next` on; advances `next`.
  void placeRest(int group, size_t& next);
  void placeAbove(size_t& next);
  void pack(const float* weights, const float* bias, float* packed) const;

  int outFeatures() const { return outFeatures_; }
  int aboveTaps() const { return aboveTaps_; }
  const std::vector<Panel>& panels() const { return panels_; }
  // Panels [begin, end) belong to the group.
  int panelsBegin(int group) const { return groupPanels_[group]; }
  int panelsEnd(int group) const { return groupPanels_[group + 1]; }
  // Number of features visible to the group through each tap.
  const int* counts(int group) const { return counts_.data() + group * op_.taps.size(); }

 private:
  size_t floats(const Panel& panel, size_t beginTap, size_t endTap) const;

  const Op& op_;
  const int readFeatures_, lanes_;
  int outFeatures_, aboveTaps_;
  std::vector<Panel> panels_;
  std::vector<int> groupPanels_;
  std::vector<int> counts_;
};

}  // namespace pxv::engine
