// Runs a program over some images side by side, pixel after pixel in raster order and R, G, B within one, each value
// computed once. Only the rows are kept that ops still read.
#pragma once

#include <vector>

#include "engine.h"
#include "row_ring.h"

namespace pxv::engine {

class PixelByPixel {
 public:
  // `shared`: the threads of the pool share the work of each op; else the calling thread does it alone.
  PixelByPixel(const Engine& engine, int images, bool shared);

  // Before each row: `map` is [image][height][width][features] of these images, or null.
  void beginRow(int row, const float* map);
  // The outputs of one colour at one pixel, whose earlier sub-pixels are known; without `outputs`, only what later
  // pixels need of it.
  void compute(int row, int column, int colour, bool outputs);
  void endRow(int row);

  // What was computed of one image.
  const float* outputs(int row, int column, int image, int colour) const;
  // Takes what the program reads of a pixel, a group of a slot: of a sub-pixel, once it is known, and what is made of the
  // pixels before, ahead of the first colour.
  void set(int slot, int group, int row, int column, int image, const float* features) const;

 private:
  // One slot's values, as they are and after a ReLU; each only where it is read.
  struct Values {
    RowRing plain, relu;
  };
  // What one op works with.
  struct Work {
    RowRing states, cells;              // of an lstm, with what lies outside the image around them
    FloatArray sums;                    // [column][image][product's outputs]: sums over the rows above; then gates
    std::vector<const float*> sources;  // one a tap
  };

  void beginImage();
  void fillGiven(int row, const float* map);
  void copyMap(int row, const float* map) const;
  void sumAbove(int op, int row);
  // Groups [group, endGroup) of `pixels` pixels from `column` on.
  void run(int op, int row, int column, int pixels, int group, int endGroup);
  void runRow(int op, int row);
  void multiply(int op, int row, int column, int pixels, int group, int endGroup, bool above);
  void stepCells(int op, int row, int column, int pixels, int group);
  void add(int op, int row, int column, int pixels, int group, int endGroup);
  const RowRing& readOf(int op) const;

  const Engine& engine_;
  const int images_;
  const bool shared_;
  std::vector<Values> values_;  // of each slot
  std::vector<Work> work_;      // of each op
  std::vector<int> filled_;     // last row of each given slot
};

}  // namespace pxv::engine
