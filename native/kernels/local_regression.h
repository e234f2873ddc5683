// Local regression, pixel after pixel in raster order: see src/backend/kernels/local-regression.ts. One form for all instruction
// sets, kernel and engine alike, in float64.
#pragma once

#include <cstddef>
#include <vector>

#include "kernel_table.h"

namespace pxv {

inline constexpr int regressions = 2;  // of what is near, and of more

inline int regressors(const LocalRegressionShape& shape) { return 3 * shape.channels + 13 + (shape.references - 1); }
inline int features(const LocalRegressionShape& shape) { return regressions * 2 * shape.channels; }

// Sums of moments over all pixels before one, each by decay^(rows + columns) of its distance.
class FallingSums {
 public:
  FallingSums(double decay, int width, int count);

  const double* values() const { return values_.data(); }
  void clear();
  void beginRow(const double* moments);         // of the row before, by pixel
  void moveTo(int x, const double* moments);  // of the row at hand, up to the pixel before

 private:
  const double decay_;
  const int width_, count_;
  std::vector<double> values_;         // of the pixel at hand
  std::vector<double> above_, right_;  // of the rows above, for each column: of its own, and of all that lie right of it
  std::vector<double> left_;           // of the rows above up to the column at hand, and of what lies left of the pixel
};

class LocalRegression {
 public:
  explicit LocalRegression(const LocalRegressionShape& shape);

  // Starts an image: every `stride`th anchor from the first on is what is expected of a sub-pixel; references are
  // [height][width][references * channels], in levels.
  void begin(const float* anchors, int stride, const float* references);
  // The features of a pixel; those before it are known, and none after it is read.
  void predict(int y, int x, float* out);
  // Takes the pixel that was predicted last, once it is known.
  template <class Level>
  void know(int y, int x, const Level* levels) {
    const size_t pixel = static_cast<size_t>(y) * shape_.width + x;
    for (int c = 0; c < shape_.channels; c++)
      errors_[pixel * (shape_.channels + 1) + c] = levels[c] - expected_[pixel * shape_.channels + c];
    addMoments(pixel, x);
  }

 private:
  void addMoments(size_t pixel, int x);
  void readRegressors(int y, int x);
  void solve(const double* sums);

  const LocalRegressionShape shape_;
  const double unit_;  // the square of 1/255 of the range of levels
  const int count_, momentCount_, givenCount_;
  std::vector<double> given_, errors_, expected_;  // of each pixel; errors of the channels, and their mean
  // What each pixel of the row at hand adds to the sums: of each regressor the products with itself, with those after it and
  // with each error; squared errors; and 1.
  std::vector<double> moments_;
  std::vector<FallingSums> sums_;
  std::vector<double> at_;  // the regressors of the pixel at hand
  // Of the normal equations, row a: from column a on those of the Cholesky factor, transposed; then of the right-hand sides, and of
  // the regressors.
  std::vector<double> rows_;
  double moved_[3], left_[3];  // of each channel, in levels
};

// The kernel.
void regressLocally(const LocalRegressionCall& call);
template <class Set>
void localRegression(const LocalRegressionCall& call) {
  regressLocally(call);
}

}  // namespace pxv
