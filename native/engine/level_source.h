// Sources of the levels of unknown sub-pixels: drawn at random, or decoded from a stream.
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
  // Returns the level of the next sub-pixel of an image, in raster order.
  virtual int16_t next(const SubPixelView& at, const Place& place) = 0;
  // Returns 1, or the sum of probabilities that gave no level.
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

// Returns a decoder of the call's stream, which kernel `encoding` has written. Without a stream, returns a source of
// random levels that also records their cost.
std::unique_ptr<LevelSource> levelSourceOf(const DrawingCall& call, const Head& head);

}  // namespace pxv::engine
