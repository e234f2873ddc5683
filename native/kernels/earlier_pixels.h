// Features made of the pixels before each pixel of an image, which a network reads: see
// src/backend/kernels/earlier-pixels.ts. Kernels and engine share the methods, and all instruction sets give the same
// results bit for bit.
#pragma once

#include <cstddef>
#include <memory>

#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// Method that makes features of earlier pixels, for one image, pixel after pixel in raster order.
class EarlierPixels {
 public:
  explicit EarlierPixels(const EarlierPixelsShape& shape) : shape_(shape) {}
  virtual ~EarlierPixels() = default;

  // Number of features of a pixel.
  virtual int features() const = 0;
  // Writes the features for a pixel without a search.
  virtual void writeNothing(float* out) const = 0;
  // Begins an image. Every `stride`-th anchor from the first on is the expected level of a sub-pixel; references are
  // [height][width][references * channels], in levels.
  virtual void begin(const float* anchors, int stride, const float* references) = 0;
  // Writes the features of a pixel, made of the pixels before it alone.
  virtual void read(int y, int x, float* out) = 0;
  // Sets the levels of the pixel that was read last.
  virtual void know(int y, int x, const float* levels) = 0;
  // Reads and knows the pixels of a row, whose levels are given.
  virtual void readRow(int y, const float* levels, float* out) {
    for (int x = 0; x < shape_.width; x++, levels += shape_.channels, out += features()) {
      read(y, x, out);
      know(y, x, levels);
    }
  }

 protected:
  size_t pixelAt(int y, int x) const { return static_cast<size_t>(y) * shape_.width + x; }

  const EarlierPixelsShape shape_;
};

using MakeEarlierPixels = std::unique_ptr<EarlierPixels>(const EarlierPixelsShape& shape);

// Runs the kernel of a method over a batch of images.
template <class Call>
void readImages(MakeEarlierPixels* make, const Call& call) {
  const auto [shape, image, expected, references, searched, out] = call;
  const size_t pixels = static_cast<size_t>(shape.height) * shape.width;
  parallelFor(shape.batch, [&](int n) {
    const auto method = make(shape);
    const int features = method->features();
    const size_t first = n * pixels;
    const float* levels = image + first * shape.channels;
    float* to = out + first * features;
    if (searched && searched[n] == 0.0f) {
      for (size_t pixel = 0; pixel < pixels; pixel++, to += features) method->writeNothing(to);
      return;
    }
    method->begin(expected + first * shape.channels, 1, references + first * shape.references * shape.channels);
    for (int y = 0; y < shape.height; y++) {
      const size_t row = static_cast<size_t>(y) * shape.width;
      method->readRow(y, levels + row * shape.channels, to + row * features);
    }
  });
}

}  // namespace pxv
