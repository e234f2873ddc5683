// Where the levels of sub-pixels come from that are not known beforehand: drawn, or read from a stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "head.h"
#include "kernel_table.h"

namespace pxv::engine {

struct Place {
  int image, row, column;
};

class LevelSource {
 public:
  explicit LevelSource(const Head& head) : head_(head) {}
  virtual ~LevelSource() = default;
  // Of the next sub-pixel of an image, in raster order.
  virtual int16_t next(const SubPixelView& at, const Place& place) = 0;
  // 1, or the sum of probabilities that no level can be had of.
  double failedSum() const { return failedSum_.load(); }

 protected:
  int16_t fail(double sum) {
    failedSum_.store(sum);
    return 0;
  }

  const Head head_;

 private:
  std::atomic<double> failedSum_{1};
};

// The levels that a call's stream has, which `encoding` has written; without one, levels at random, and what they cost.
std::unique_ptr<LevelSource> levelSourceOf(const DrawingCall& call, const Head& head);

}  // namespace pxv::engine
