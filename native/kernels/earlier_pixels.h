// What is made of the pixels before each pixel of an image, as a network reads it: see src/backend/kernels/earlier-pixels.ts. One
// form for all instruction sets, kernels and engine alike, that gives the same bits everywhere.
#pragma once

#include <cstddef>
#include <memory>

#include "../thread_pool.h"
#include "kernel_table.h"

namespace pxv {

// One method, for one image, pixel after pixel in raster order.
class EarlierPixels {
 public:
  explicit EarlierPixels(const EarlierPixelsShape& shape) : shape_(shape) {}
  virtual ~EarlierPixels() = default;

  // Of a pixel.
  virtual int features() const = 0;
  // What is read where nothing is searched for.
  virtual void writeNothing(float* out) const = 0;
  // Starts the image: every `stride`th anchor from the first on is what is expected of a sub-pixel; references are
  // [height][width][references * channels], in levels.
  virtual void begin(const float* anchors, int stride, const float* references) = 0;
  // The features of a pixel; those before it are known, and none after it is read.
  virtual void read(int y, int x, float* out) = 0;
  // Takes the pixel that was read last, once it is known.
  virtual void know(int y, int x, const float* levels) = 0;

 protected:
  size_t pixelAt(int y, int x) const { return static_cast<size_t>(y) * shape_.width + x; }

  const EarlierPixelsShape shape_;
};

using MakeEarlierPixels = std::unique_ptr<EarlierPixels>(const EarlierPixelsShape& shape);
MakeEarlierPixels makeTemplateMatching, makeLocalRegression;

// In the order of src/backend/kernels/earlier-pixels.ts.
inline constexpr MakeEarlierPixels* earlierMethods[] = {makeTemplateMatching, makeLocalRegression};

// The kernel of a method.
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
    for (int y = 0; y < shape.height; y++)
      for (int x = 0; x < shape.width; x++, levels += shape.channels, to += features) {
        method->read(y, x, to);
        method->know(y, x, levels);
      }
  });
}

}  // namespace pxv
