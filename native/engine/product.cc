#include "product.h"

#include <algorithm>

namespace pxv::engine {

Product::Product(const Op& op, int readFeatures, bool split, const EngineKernels& kernels)
    : op_(op), readFeatures_(readFeatures), lanes_(kernels.lanes), outFeatures_(0), aboveTaps_(0) {
  // Raster order: the taps above come first.
  if (split)
    while (aboveTaps_ < static_cast<int>(op.taps.size()) && op.taps[aboveTaps_].dy < 0) aboveTaps_++;
  groupPanels_.push_back(0);
  for (int group = 0; group < static_cast<int>(op.groups.size()); group++) {
    for (const Tap& tap : op.taps) counts_.push_back(tap.sees[group]);
    // As evenly as possible: seven vectors are three, two and two.
    int vectors = (op.groups[group] + lanes_ - 1) / lanes_, width = op.groups[group];
    for (int panels = (vectors + kernels.panelVectors - 1) / kernels.panelVectors; panels > 0; panels--) {
      const int own = (vectors + panels - 1) / panels;
      panels_.push_back({outFeatures_, std::min(width, own * lanes_), own, group, 0, 0, 0});
      outFeatures_ += panels_.back().width;
      width -= panels_.back().width;
      vectors -= own;
    }
    groupPanels_.push_back(static_cast<int>(panels_.size()));
  }
}

size_t Product::floats(const Panel& panel, size_t beginTap, size_t endTap) const {
  size_t features = 0;
  for (size_t t = beginTap; t < endTap; t++) features += counts(panel.group)[t];
  return features * panel.vectors * lanes_;
}

void Product::placeRest(int group, size_t& next) {
  for (int p = panelsBegin(group); p < panelsEnd(group); p++) {
    Panel& panel = panels_[p];
    panel.restWeights = next;
    panel.bias = next += floats(panel, aboveTaps_, op_.taps.size());
    next += panel.vectors * lanes_;
  }
}

void Product::placeAbove(size_t& next) {
  for (Panel& panel : panels_) {
    panel.aboveWeights = next;
    next += floats(panel, 0, aboveTaps_);
  }
}

void Product::pack(const float* weights, const float* bias, float* packed) const {
  for (const Panel& panel : panels_) {
    const int width = panel.vectors * lanes_;
    for (size_t t = 0; t < op_.taps.size(); t++) {
      float* to = packed + (static_cast<int>(t) < aboveTaps_ ? panel.aboveWeights + floats(panel, 0, t)
                                                             : panel.restWeights + floats(panel, aboveTaps_, t));
      const float* from = weights + static_cast<size_t>(op_.taps[t].position) * readFeatures_ * outFeatures_;
      for (int k = 0; k < counts(panel.group)[t]; k++, from += outFeatures_, to += width)
        std::copy_n(from + panel.first, panel.width, to);
    }
    if (bias) std::copy_n(bias + panel.first, panel.width, packed + panel.bias);
  }
}

}  // namespace pxv::engine
