// Draws a batch of images with a program, one sub-pixel after another. Each unknown level comes from a LevelSource, by
// the distribution that the head makes of the outputs.
#pragma once

#include <memory>
#include <vector>

#include "../kernels/earlier_pixels.h"
#include "engine.h"
#include "kernel_table.h"
#include "level_source.h"
#include "pixel_by_pixel.h"

namespace pxv::engine {

// Drawing in progress. The arrays of its call must outlive the drawing.
class Drawing {
 public:
  Drawing(const Engine& engine, const DrawingCall& call);

  // Returns true if all rows are drawn, or if a sum of probabilities is not finite or not above zero.
  bool isDone() const { return row_ == program_.height || failedSum() != 1; }
  // Draws the next row. Returns the number of finished rows.
  int drawRow();
  // Returns 1, or the sum of probabilities that ended the work.
  double failedSum() const { return source_->failedSum(); }

 private:
  // Images [first, first + count) of the batch, which one task draws side by side.
  struct Part {
    int first, count;
    std::unique_ptr<PixelByPixel> pixels;
    std::vector<float> features;  // features of one sub-pixel that the program reads
    std::vector<std::vector<std::unique_ptr<EarlierPixels>>> earlier;  // [image][method of the program]
    std::vector<float> matched;                                        // features of one pixel by the methods
  };

  void beginEarlier(Part& part) const;
  void readEarlier(Part& part, int row, int column, int image) const;
  void knowEarlier(Part& part, int row, int column, int image) const;
  void drawRow(Part& part, int row);
  bool isToDraw(const Part& part, int row, int column) const;
  void drawSubPixel(Part& part, int row, int column, int image, int colour);
  // Indices of a pixel and of its first sub-pixel in the batch.
  size_t pixelAt(int image, int row, int column) const {
    return (static_cast<size_t>(image) * program_.height + row) * program_.width + column;
  }
  size_t subPixel(int image, int row, int column) const { return pixelAt(image, row, column) * program_.colours; }

  const Engine& engine_;
  const Program& program_;
  const DrawingCall call_;
  const Head head_;
  const std::vector<float> middles_;  // default anchors of a pixel
  std::unique_ptr<LevelSource> source_;
  std::vector<Part> parts_;
  int row_ = 0;
};

}  // namespace pxv::engine
