// Goes through a batch of images of a program, one sub-pixel after another: each level that is not known comes from a source, which is
// given the distribution that the head makes of the outputs.
#pragma once

#include <memory>
#include <vector>

#include "../kernels/earlier_pixels.h"
#include "engine.h"
#include "kernel_table.h"
#include "level_source.h"
#include "pixel_by_pixel.h"

namespace pxv::engine {

// A drawing on its way. What its call points to must outlive it.
class Drawing {
 public:
  Drawing(const Engine& engine, const DrawingCall& call);

  // Nothing is left to draw, or the sum of some probabilities is not finite or not above zero.
  bool isDone() const { return row_ == program_.height || failedSum() != 1; }
  // Returns the number of rows that are done.
  int drawRow();
  // 1, or the sum of probabilities that ended the work.
  double failedSum() const { return source_->failedSum(); }

 private:
  // Images [first, first + count) of the batch, which go through the pixels side by side.
  struct Part {
    int first, count;
    std::unique_ptr<PixelByPixel> pixels;
    std::vector<float> features;  // that the program reads of one sub-pixel
    std::vector<std::vector<std::unique_ptr<EarlierPixels>>> earlier;  // of each image, the methods of the program
    std::vector<float> matched;   // what is read of what they make of one pixel
  };

  void beginEarlier(Part& part) const;
  void readEarlier(Part& part, int row, int column, int image) const;
  void knowEarlier(Part& part, int row, int column, int image) const;
  void drawRow(Part& part, int row);
  bool isToDraw(const Part& part, int row, int column) const;
  void drawSubPixel(Part& part, int row, int column, int image, int colour);
  // Of a pixel of an image of the batch: its place, and where its first sub-pixel stands.
  size_t pixelAt(int image, int row, int column) const {
    return (static_cast<size_t>(image) * program_.height + row) * program_.width + column;
  }
  size_t subPixel(int image, int row, int column) const { return pixelAt(image, row, column) * program_.colours; }

  const Engine& engine_;
  const Program& program_;
  const DrawingCall call_;
  const Head head_;
  const std::vector<float> middles_;  // a pixel's anchors where none are given
  std::unique_ptr<LevelSource> source_;
  std::vector<Part> parts_;
  int row_ = 0;
};

}  // namespace pxv::engine
