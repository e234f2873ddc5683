// Kernel `templateMatching`: see src/backend/kernels/template-matching.ts. Sums are of integers. Predictions, spread
// and costs are divided in float64 and rounded to float32, in which `read` scales them. So all instruction sets give
// the same bits. Each lane of a vector holds one position of the search.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "../thread_pool.h"
#include "earlier_pixels.h"

namespace pxv {

// Constants of the search, as in src/backend/kernels/template-matching.ts, and the layout of features.
struct TemplateConstants {
  static constexpr int reach = 6, margin = 3, nearestWeight = 6;
  static constexpr int side = 2 * reach + 1;  // positions of a row or a column
  static constexpr int rows = margin + 1;     // rows of a template
  // A row of positions fills whole vectors; those from `side` on are not searched.
  static constexpr int row = 16, places = side * row;

  // Features of a reference: two predictions (mean and best match), then the spread and two costs.
  static constexpr int pictures(int channels) { return 2 * channels; }
  static constexpr int features(int channels) { return pictures(channels) + 3; }
  // Index of the cost of the best match.
  static constexpr int cost(int channels) { return pictures(channels) + 1; }
};

template <class Set>
class TemplateMatching final : public EarlierPixels, TemplateConstants {
 public:
  explicit TemplateMatching(const EarlierPixelsShape& shape)
      : EarlierPixels(shape),
        smallCost_(scaled(60, 4)),
        usualCost_(scaled(400, 4)),
        numbers_(static_cast<size_t>(shape.references) * places),
        costs_(numbers_),
        costOfPlace_(numbers_) {
    for (int dy = -margin; dy <= 0; dy++)
      for (int dx = -margin; dx <= (dy < 0 ? margin : -1); dx++)
        taps_.push_back({dy, dx, std::max(1, nearestWeight / (std::abs(dy) + std::abs(dx)))});
    const int costOfDistance = scaled(3, 1);
    for (size_t n = 0; n < numbers_; n++) {
      const int place = static_cast<int>(n % places);
      const int distance = std::abs(place / row - reach) + std::abs(place % row - reach);
      costOfPlace_[n] = static_cast<uint16_t>(costOfDistance * distance);
    }
  }

  int features() const override { return shape_.references * ofReference(); }

  void writeNothing(float* out) const override {
    for (int k = 0; k < features(); k++) out[k] = k % ofReference() == cost(shape_.channels);
  }

  void begin(const float* anchors, int stride, const float* references) override {
    const int height = shape_.height, width = shape_.width, channels = shape_.channels, count = shape_.references;
    anchors_ = anchors;
    stride_ = stride;
    differences_.resize(rows * width * numbers_);
    // The last row of positions reads whole vectors too.
    padded_.resize(count * channels * (height + 2 * reach) * paddedWidth() + row - side);
    int16_t* to = padded_.data();
    for (int reference = 0; reference < count; reference++)
      for (int c = 0; c < channels; c++)
        for (int y = -reach; y < height + reach; y++)
          for (int x = -reach; x < width + reach; x++) {
            const size_t pixel = pixelAt(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
            *to++ = rounded(references[(pixel * count + reference) * channels + c]);
          }
  }

  void read(int y, int x, float* out) override {
    const uint16_t* differences[2 * margin * rows];
    uint16_t weights[2 * margin * rows];
    int taps = 0;
    for (const auto& [dy, dx, weight] : taps_) {
      if (y + dy < 0 || x + dx < 0 || x + dx >= shape_.width) continue;
      differences[taps] = differences_.data() + pixelAt((y + dy) % rows, x + dx) * numbers_;
      weights[taps++] = static_cast<uint16_t>(weight);
    }
    for (size_t n = 0; n < numbers_; n += row) addCosts(n, taps, differences, weights);
    const float* anchors = anchors_ + pixelAt(y, x) * shape_.channels * stride_;
    const int predictions = pictures(shape_.channels);
    for (int reference = 0; reference < shape_.references; reference++, out += ofReference()) {
      average(y, x, reference, out);
      const float fit = 1.0f - out[cost(shape_.channels)], fits = fit * fit;
      for (int k = 0; k <= predictions; k++) {
        const float anchor = k < predictions ? anchors[k % shape_.channels * stride_] : 0.0f;
        out[k] = (out[k] - anchor) * shape_.gain * fits;
      }
    }
  }

  void know(int y, int x, const float* levels) override {
    uint16_t* __restrict to = differences_.data() + pixelAt(y % rows, x) * numbers_;
    for (int reference = 0; reference < shape_.references; reference++)
      for (int down = 0; down < side; down++, to += row) {
        SignedRow sum{};
        for (int c = 0; c < shape_.channels; c++) {
          const SignedRow difference = load<SignedRow>(corner(reference, c, y + down, x)) - rounded(levels[c]);
          sum += difference < 0 ? -difference : difference;
        }
        store(to, sum);
      }
  }

 private:
  // Numbers of a row of positions.
  typedef uint16_t Row __attribute__((vector_size(row * sizeof(uint16_t))));
  typedef int16_t SignedRow __attribute__((vector_size(row * sizeof(int16_t))));

  template <class Lanes, class Number>
  static Lanes load(const Number* from) {
    Lanes values;
    std::memcpy(&values, from, sizeof values);
    return values;
  }
  template <class Lanes, class Number>
  static void store(Number* to, Lanes values) {
    std::memcpy(to, &values, sizeof values);
  }

  struct Tap {
    int dy, dx, weight;
  };

  // Returns the nearest of 256 levels, halves up; 0 for NaN.
  static int16_t rounded(float level) { return static_cast<int16_t>(std::min(std::max(0.0f, level), 255.0f) + 0.5f); }

  int ofReference() const { return TemplateConstants::features(shape_.channels); }

  int scaled(int cost, int least) const {
    const double share = shape_.channels * shape_.highest / (3 * 255.0);
    return std::max(least, static_cast<int>(std::round(cost * share)));
  }

  // Sums the costs of a row of positions, from position n on, over the template.
  void addCosts(size_t n, int taps, const uint16_t* const* differences, const uint16_t* weights) {
    Row sums = load<Row>(costOfPlace_.data() + n);
    for (int tap = 0; tap < taps; tap++) sums += weights[tap] * load<Row>(differences[tap] + n);
    store(costs_.data() + n, sums);
    std::fill_n(costs_.data() + n + side, row - side, std::numeric_limits<uint16_t>::max());
  }

  // Writes the features of a reference: predictions, spread and costs.
  void average(int y, int x, int reference, float* out) const {
    const int channels = shape_.channels;
    const uint16_t* costs = costs_.data() + static_cast<size_t>(reference) * places;
    uint16_t leastOfRow[side];
    for (int down = 0; down < side; down++) {
      uint16_t least = costs[down * row];
      for (int k = 1; k < row; k++) least = std::min(least, costs[down * row + k]);
      leastOfRow[down] = least;
    }
    const auto first = static_cast<int>(std::min_element(leastOfRow, leastOfRow + side) - leastOfRow);
    const int least = leastOfRow[first], most = 3 * (least + smallCost_) / 10;
    const auto right =
        static_cast<int>(std::find(costs + first * row, costs + first * row + side, least) - costs) % row;
    const int16_t* planes[3];
    int16_t start[3];
    for (int c = 0; c < channels; c++) {
      planes[c] = corner(reference, c, y, x);
      start[c] = planes[c][first * paddedWidth() + right];
    }
    int64_t sums[3] = {}, squares = 0, weights = 0;
    for (int down = 0; down < side; down++) {
      if (leastOfRow[down] - least >= most) continue;
      int32_t weight[row];
      for (int k = 0; k < row; k++) {
        const int32_t left = std::max(0, most - (costs[down * row + k] - least));
        weight[k] = left * left;
      }
      for (int k = 0; k < row; k++) weights += weight[k];
      for (int c = 0; c < channels; c++) {
        const int16_t* from = planes[c] + down * paddedWidth();
        int64_t sum = 0, square = 0;
        for (int k = 0; k < row; k++) {
          const int32_t off = from[k] - start[c];
          sum += static_cast<int64_t>(weight[k]) * off;
          square += static_cast<int64_t>(weight[k]) * static_cast<int32_t>(static_cast<uint32_t>(off) * off);
        }
        sums[c] += sum;
        squares += square;
      }
    }
    const double total = static_cast<double>(weights);
    double spread = static_cast<double>(squares) / total;
    for (int c = 0; c < channels; c++) {
      const double off = static_cast<double>(sums[c]) / total;
      spread -= off * off;
      out[c] = static_cast<float>(start[c] + off);
      out[channels + c] = start[c];
    }
    const double unmoved = costs[reach * row + reach];
    float* after = out + pictures(channels);
    after[0] = static_cast<float>(std::sqrt(std::max(spread, 0.0) / channels));
    after[1] = static_cast<float>(least / static_cast<double>(least + usualCost_));
    after[2] = static_cast<float>((unmoved - least) / (unmoved + least + smallCost_));
  }

  size_t paddedWidth() const { return shape_.width + 2 * reach; }
  // Returns the address of a pixel's first search position in a plane of `padded_`.
  const int16_t* corner(int reference, int channel, int y, int x) const {
    const size_t planeRows = shape_.height + 2 * reach;
    return padded_.data() + ((reference * shape_.channels + channel) * planeRows + y) * paddedWidth() + x;
  }

  const int smallCost_, usualCost_;
  const size_t numbers_;  // differences of a pixel: at all positions of all references
  std::vector<Tap> taps_;
  std::vector<uint16_t> costs_, costOfPlace_;
  std::vector<uint16_t> differences_;  // [row % rows][column][numbers]
  std::vector<int16_t> padded_;        // [reference][channel][row][column], padded with the edge pixels
  const float* anchors_ = nullptr;
  int stride_ = 0;
};

template <class Set>
std::unique_ptr<EarlierPixels> makeTemplateMatching(const EarlierPixelsShape& shape) {
  return std::make_unique<TemplateMatching<Set>>(shape);
}

template <class Set>
void templateMatching(const TemplateMatchingCall& call) {
  readImages(makeTemplateMatching<Set>, call);
}

// d expected = -gain sum over references of fits (d mean + d best); fits, (1 - cost)^2, is 0 without a search.
template <class Set>
void templateMatchingGradient(const TemplateMatchingGradientCall& call) {
  const auto [shape, read, dOut, dExpected] = call;
  const int channels = shape.channels, features = TemplateConstants::features(channels);
  const int cost = TemplateConstants::cost(channels);
  const auto one = [&](size_t pixel) {
    for (int k = 0; k < channels; k++) {
      float sum = 0;
      for (int reference = 0; reference < shape.references; reference++) {
        const size_t at = (pixel * shape.references + reference) * features;
        const float fit = 1.0f - read[at + cost];
        sum += fit * fit * (dOut[at + k] + dOut[at + channels + k]);
      }
      dExpected[pixel * channels + k] = -shape.gain * sum;
    }
  };
  forEach(static_cast<size_t>(shape.batch) * shape.height * shape.width, one, 1024);
}

}  // namespace pxv
