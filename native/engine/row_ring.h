// Ring buffer of the latest rows of a feature map, for some images side by side: [row][column][image][feature]. Images
// at a pixel and pixels of a row have a constant stride, so that a matrix product takes all of them as its rows.
#pragma once

#include <cstddef>

#include "../memory.h"

namespace pxv::engine {

class RowRing {
 public:
  RowRing() = default;
  // `border` columns on both sides hold the values outside the image.
  RowRing(int rows, int width, int border, int images, int features)
      : rows_(rows),
        border_(border),
        features_(features),
        pixelFloats_(static_cast<size_t>(images) * features),
        rowFloats_(pixelFloats_ * (width + 2 * border)),
        values_(zeros(rows_ * rowFloats_)) {}

  explicit operator bool() const { return rows_ > 0; }

  // Returns the features of the first image at a pixel. Rows up to `rows - 1` above the image and columns up to
  // `border` beside the image are valid.
  float* at(int row, int column) const {
    const int place = row >= 0 ? row % rows_ : (row + rows_ * (-row / rows_ + 1)) % rows_;
    return values_.get() + place * rowFloats_ + (column + border_) * pixelFloats_;
  }

  // As `at`, from a feature on; returns null if no row is kept.
  float* find(int row, int column, int feature = 0) const { return rows_ > 0 ? at(row, column) + feature : nullptr; }

  // Begins an image: fills all rows and borders with `outside`, [features], or with zeros.
  void begin(const float* outside) const {
    float* to = values_.get();
    for (size_t pixel = 0; pixel < rows_ * rowFloats_; pixel += features_)
      for (int k = 0; k < features_; k++) to[pixel + k] = outside ? outside[k] : 0.0f;
  }

  // Fills a row below the image with zeros.
  void clearRow(int row) const {
    float* to = at(row, -border_);
    for (size_t i = 0; i < rowFloats_; i++) to[i] = 0.0f;
  }

  // Number of floats from one image to the next.
  int features() const { return features_; }

 private:
  int rows_ = 0, border_ = 0, features_ = 0;
  size_t pixelFloats_ = 0, rowFloats_ = 0;
  FloatArray values_;
};

}  // namespace pxv::engine
