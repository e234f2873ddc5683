// Where the levels of sub-pixels come from that are not known beforehand: drawn, or read from a stream.
#pragma once

#include <atomic>
#include <cstdint>

#include "head.h"
#include "kernel_table.h"
#include "range_coder.h"

namespace pxv::engine {

struct Place {
  int image, row, column;
};

class LevelSource {
 public:
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

 private:
  std::atomic<double> failedSum_{1};
};

// Levels at random, and what they cost.
class Draws : public LevelSource {
 public:
  Draws(const Head& head, const DrawingCall& call, int width) : head_(head), call_(call), width_(width) {}
  int16_t next(const SubPixelView& at, const Place& place) override;

 private:
  double uniformAt(const Place& place, int colour) const;
  int16_t drawOfMixture(const SubPixelView& at, double u, double& nats);

  const Head head_;
  const DrawingCall& call_;
  const int width_;
};

// The levels of one image that `encode` has written.
class Decoded : public LevelSource {
 public:
  Decoded(const Head& head, const uint8_t* stream, size_t bytes) : head_(head), decoder_(stream, bytes) {}
  int16_t next(const SubPixelView& at, const Place& place) override;

 private:
  const Head head_;
  RangeDecoder decoder_;
};

}  // namespace pxv::engine
