// Runs a program over some images side by side, pixel after pixel in raster order and colour after colour within a
// pixel. Each value is computed once. Only rows that ops still read are kept.
#pragma once

#include <vector>

#include "engine.h"
#include "row_ring.h"

namespace pxv::engine {

class PixelByPixel {
 public:
  // `shared`: if true, the threads of the pool share each op; else the calling thread runs all ops.
  PixelByPixel(const Engine& engine, int images, bool shared);

  // Begins a row. `map` is the feature map, [image][height][width][features] of these images, or null.
  void beginRow(int row, const float* map);
  // Computes the outputs of one colour of a pixel, whose earlier sub-pixels are known. Without `outputs`, computes only
  // the values that later pixels read.
  void compute(int row, int column, int colour, bool outputs);
  void endRow(int row);

  // Returns the computed outputs of one image.
  const float* outputs(int row, int column, int image, int colour) const;
  // Sets one group of a slot at a pixel: the features of a known sub-pixel, or, before the first colour, the features
  // made of earlier pixels.
  void set(int slot, int group, int row, int column, int image, const float* features) const;

 private:
  // Values of a slot, plain and after a ReLU; each is kept only if an op reads it.
  struct Values {
    RowRing plain, relu;
  };
  // Working memory of an op.
  struct Work {
    RowRing states, cells;              // of an lstm, with borders for pixels outside the image
    FloatArray sums;                    // [column][image][product's outputs]: sums over the rows above; then gates
    std::vector<const float*> sources;  // one per tap
  };

  void beginImage();
  void fillGiven(int row, const float* map);
  void copyMap(int row, const float* map) const;
  void sumAbove(int op, int row);
  // Runs groups [group, endGroup) of an op at `pixels` pixels from `column` on.
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
