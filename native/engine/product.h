// The matrix product of a conv or an lstm, its weights packed in the order in which they are read.
#pragma once

#include <vector>

#include "engine_kernels.h"
#include "program.h"

namespace pxv::engine {

// Some outputs of one colour group, computed side by side. Two runs of taps: those on rows above, whose sums can be
// taken for a whole row before its first pixel, and the others.
struct Panel {
  int first, width, vectors;
  int group;
  size_t aboveWeights, restWeights, bias;  // where they lie among the packed floats
};

class Product {
 public:
  // `split`: whether taps on rows above have a run of their own.
  Product(const Op& op, int readFeatures, bool split, const EngineKernels& kernels);

  // Gives the panels of a group their places among the packed floats, from `next` on.
  void placeRest(int group, size_t& next);
  void placeAbove(size_t& next);
  void pack(const float* weights, const float* bias, float* packed) const;

  int outFeatures() const { return outFeatures_; }
  int aboveTaps() const { return aboveTaps_; }
  const std::vector<Panel>& panels() const { return panels_; }
  // Panels [begin, end) belong to the group.
  int panelsBegin(int group) const { return groupPanels_[group]; }
  int panelsEnd(int group) const { return groupPanels_[group + 1]; }
  // For each tap, how many features the group sees.
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
