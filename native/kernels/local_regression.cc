// Local regression, in float64: see src/backend/kernels/local-regression.ts.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "earlier_pixels.h"

namespace pxv {
namespace {

constexpr double decays[] = {0.7, 0.9};
// Ridge that shrinks coefficients to 0; `leastRidge` keeps the pivots above 0 for an image of zeros.
constexpr double ridgeShare = 0.006, ridgeSquares = 0.015, leastRidge = 1e-6;
// Prior of the squared error: the weight of `unseenWeight` pixels with squared error `unseenSquares`. Then a typical
// error and the constant regressor. Errors are in levels of 255.
constexpr double unseenWeight = 0.25, unseenSquares = 1, usualError = 4, constant = 2;

struct Neighbour {
  int dy, dx;
};
constexpr Neighbour beside[] = {{0, 1}, {1, 0}, {0, -1}, {-1, 0}};
constexpr Neighbour farther[] = {{-1, -1}, {-1, 1}, {0, -2}, {-2, 0}};

// Sums of moments over all pixels before a pixel, each weighted by decay^(rows + columns) of its distance.
class FallingSums {
 public:
  FallingSums(double decay, int width, int count)
      : decay_(decay),
        width_(width),
        count_(count),
        values_(count),
        above_(static_cast<size_t>(width) * count),
        right_(above_.size()),
        left_(count) {}

  const double* values() const { return values_.data(); }

  // Begins a row. `moments` are those of the row before, by pixel.
  void beginRow(const double* moments) {
    for (size_t at = 0; at < above_.size(); at++) above_[at] = (above_[at] + moments[at]) * decay_;
    // No pixel lies right of the last column.
    for (size_t x = width_ - 1; x > 0; x--) {
      const double *above = above_.data() + x * count_, *from = right_.data() + x * count_;
      double* to = right_.data() + (x - 1) * count_;
      for (int k = 0; k < count_; k++) to[k] = (above[k] + from[k]) * decay_;
    }
  }

  // Moves to pixel x. `moments` are those of the current row, up to pixel x - 1.
  void moveTo(int x, const double* moments) {
    const size_t from = static_cast<size_t>(x) * count_;
    const double *above = above_.data() + from, *right = right_.data() + from;
    const double* before = moments + from - (x > 0 ? count_ : 0);
    for (int k = 0; k < count_; k++) {
      left_[k] = x == 0 ? above[k] : above[k] + (left_[k] + before[k]) * decay_;
      values_[k] = left_[k] + right[k];
    }
  }

 private:
  const double decay_;
  const int width_, count_;
  std::vector<double> values_;         // sums of the current pixel
  std::vector<double> above_, right_;  // sums of the rows above, for each column: in it, and in all columns right of it
  std::vector<double> left_;           // sums of the rows above up to the current column, and left of the pixel
};

class LocalRegression final : public EarlierPixels {
 public:
  explicit LocalRegression(const EarlierPixelsShape& shape)
      : EarlierPixels(shape),
        unit_((shape.highest / 255.0) * (shape.highest / 255.0)),
        count_(3 * shape.channels + 13 + (shape.references - 1)),
        momentCount_(count_ * (count_ + 1) / 2 + shape.channels * (count_ + 1) + 1),
        givenCount_(shape.channels + 9 + (shape.references - 1)) {}

  int features() const override { return static_cast<int>(std::size(decays)) * 2 * shape_.channels; }

  void writeNothing(float* out) const override {
    for (int k = 0; k < features(); k++) out[k] = k % (2 * shape_.channels) >= shape_.channels;
  }

  void begin(const float* anchors, int stride, const float* references) override {
    const int height = shape_.height, width = shape_.width, channels = shape_.channels, count = shape_.references;
    const size_t pixels = static_cast<size_t>(height) * width;
    given_.resize(pixels * givenCount_);
    errors_.resize(pixels * (channels + 1));
    expected_.resize(pixels * channels);
    moments_.resize(static_cast<size_t>(width) * momentCount_);
    at_.resize(count_);
    rows_.resize(static_cast<size_t>(count_ + channels + 1) * count_);
    for (const double decay : decays) sums_.emplace_back(decay, width, momentCount_);
    for (size_t at = 0; at < pixels * channels; at++) expected_[at] = anchors[at * stride];
    std::vector<double> means(pixels * (1 + count));
    for (size_t pixel = 0; pixel < pixels; pixel++)
      for (int k = 0; k <= count; k++) {
        double sum = 0;
        for (int c = 0; c < channels; c++) {
          const double level = expected_[pixel * channels + c];
          sum += k == 0 ? level : references[(pixel * count + k - 1) * channels + c] - level;
        }
        means[pixel * (1 + count) + k] = sum / channels;
      }
    const auto mean = [&](int y, int x, int k) {
      return means[pixelAt(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1)) * (1 + count) + k];
    };
    double* to = given_.data();
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        const size_t pixel = pixelAt(y, x);
        for (int c = 0; c < channels; c++)
          *to++ = references[pixel * count * channels + c] - expected_[pixel * channels + c];
        for (const auto [dy, dx] : beside) *to++ = mean(y + dy, x + dx, 0) - mean(y, x, 0);
        for (const auto [dy, dx] : beside) *to++ = mean(y + dy, x + dx, 1);
        for (int k = 2; k <= count; k++) *to++ = mean(y, x, k);
        *to++ = constant * shape_.highest / 255;
      }
  }

  void read(int y, int x, float* out) override {
    const int channels = shape_.channels;
    readRegressors(y, x);
    const double* expected = expected_.data() + pixelAt(y, x) * channels;
    const double usual = usualError * shape_.highest / 255;
    for (FallingSums& sums : sums_) {
      if (x == 0) sums.beginRow(moments_.data());
      sums.moveTo(x, moments_.data());
      solve(sums.values());
      for (int c = 0; c < channels; c++) {
        const double moved = std::min(std::max(moved_[c], -expected[c]), shape_.highest - expected[c]);
        out[c] = static_cast<float>(moved * shape_.gain);
        out[channels + c] = static_cast<float>(left_[c] / (left_[c] + usual));
      }
      out += 2 * channels;
    }
  }

  void know(int y, int x, const float* levels) override {
    const int channels = shape_.channels;
    const size_t pixel = pixelAt(y, x);
    double* errors = errors_.data() + pixel * (channels + 1);
    double sum = 0;
    for (int c = 0; c < channels; c++) sum += errors[c] = levels[c] - expected_[pixel * channels + c];
    errors[channels] = sum / channels;
    const double* regressor = at_.data();
    double* to = moments_.data() + static_cast<size_t>(x) * momentCount_;
    for (int a = 0; a < count_; a++) {
      for (int b = a; b < count_; b++) *to++ = regressor[a] * regressor[b];
      for (int c = 0; c < channels; c++) *to++ = regressor[a] * errors[c];
    }
    for (int c = 0; c < channels; c++) *to++ = errors[c] * errors[c];
    *to = 1;
  }

 private:
  void readRegressors(int y, int x) {
    const int channels = shape_.channels;
    const auto error = [&](int dy, int dx, int c) {
      const int row = y + dy, column = x + dx;
      if (row < 0 || column < 0 || column >= shape_.width) return 0.0;
      return errors_[pixelAt(row, column) * (channels + 1) + c];
    };
    double* to = at_.data();
    for (int c = 0; c < channels; c++) *to++ = error(0, -1, c);
    for (int c = 0; c < channels; c++) *to++ = error(-1, 0, c);
    for (const auto [dy, dx] : farther) *to++ = error(dy, dx, channels);
    std::copy_n(given_.data() + pixelAt(y, x) * givenCount_, givenCount_, to);
  }

  // Solves for `moved_` and `left_`.
  void solve(const double* sums) {
    const int channels = shape_.channels, count = count_, columns = count + channels + 1;
    const double weight = sums[momentCount_ - 1];
    double trace = 0;
    const double* from = sums;
    for (int a = 0; a < count; a++) {
      double* row = rows_.data() + a * columns;
      trace += *from;
      std::copy_n(from, columns - 1 - a, row + a);
      from += columns - 1 - a;
      row[columns - 1] = at_[a];
    }
    const double ridge = ridgeShare * trace / count + ridgeSquares * unit_ * weight + leastRidge * unit_;
    for (int a = 0; a < count; a++) rows_[a * columns + a] += ridge;
    for (int k = 0; k < count; k++) {
      double* own = rows_.data() + k * columns;
      const double pivot = std::sqrt(own[k]);
      for (int column = k + 1; column < columns; column++) own[column] /= pivot;
      for (int a = k + 1; a < count; a++) {
        const double factor = own[a];
        double* to = rows_.data() + a * columns;
        for (int column = a; column < columns; column++) to[column] -= factor * own[column];
      }
    }
    for (int c = 0; c < channels; c++) {
      double left = sums[momentCount_ - 1 - channels + c];
      moved_[c] = 0;
      for (int a = 0; a < count; a++) {
        const double* row = rows_.data() + a * columns;
        const double solved = row[count + c];
        left -= solved * solved;
        moved_[c] += solved * row[columns - 1];
      }
      left_[c] = std::sqrt((std::max(left, 0.0) + unseenSquares * unit_) / (weight + unseenWeight));
    }
  }

  const double unit_;  // the square of 1/255 of the range of levels
  const int count_, momentCount_, givenCount_;
  std::vector<double> given_, errors_, expected_;  // of each pixel; errors of the channels, and their mean
  // Moments of each pixel of the current row: products of each regressor with itself, with later regressors and with
  // each error; squared errors; and 1.
  std::vector<double> moments_;
  std::vector<FallingSums> sums_;
  std::vector<double> at_;  // regressors of the current pixel
  // Normal equations. Row a has the transposed Cholesky factor from column a on, then the right-hand sides, then the
  // regressors.
  std::vector<double> rows_;
  double moved_[3], left_[3];  // of each channel, in levels
};

}  // namespace

std::unique_ptr<EarlierPixels> makeLocalRegression(const EarlierPixelsShape& shape) {
  return std::make_unique<LocalRegression>(shape);
}

void localRegression(const LocalRegressionCall& call) { readImages(makeLocalRegression, call); }

}  // namespace pxv
