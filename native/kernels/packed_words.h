// Weights and source pixels of a ConvolutionPlan, packed into words (see instruction_set.h) for the inner loops.
#pragma once

#include <algorithm>
#include <cstring>

#include "../convolution_plan.h"
#include "../instruction_set.h"
#include "../memory.h"
#include "../thread_pool.h"

namespace pxv {

// Loads the first `count` lanes of a vector from floats `step` apart; the other lanes are zero.
template <class Set>
typename Set::Floats gather(const float* from, size_t step, int count) {
  if (step == 1) return Set::load(from, count, 0.0f);
  float values[Set::lanes] = {};
  for (int lane = 0; lane < std::min(count, Set::lanes); lane++) values[lane] = from[lane * step];
  return Set::load(values);
}

// Packed weights of one panel: [tap][source word][vectors * lanes], zero beyond the panel's width and beyond the tap's
// features. HWIO weights are read forward as [source feature][destination feature], transposed as [destination
// feature][source feature].
template <class Set>
void packPanel(const ConvolutionShape& shape, const ConvolutionPlan& plan, const PlanPanel& panel, const float* weights,
               bool transposed, typename Set::Word* packed) {
  constexpr int inWord = Set::numbersInWord;
  const size_t featureStep = transposed ? 1 : plan.features, columnStep = transposed ? plan.sourceFeatures : 1;
  typename Set::Word* to = packed + panel.weights;
  for (int t = panel.tapsBegin; t < panel.tapsEnd; t++) {
    const PanelTap& tap = plan.taps[t];
    const float* matrix = weights + static_cast<size_t>(tap.position) * plan.sourceFeatures * plan.features;
    for (int word = tap.word; word < tap.word + tap.words; word++)
      for (int v = 0; v < panel.vectors; v++, to += Set::lanes) {
        const float* columns = matrix + (panel.first + v * Set::lanes) * columnStep;
        typename Set::Floats numbers[inWord] = {};
        for (int i = 0; i < inWord; i++)
          if (const int k = word * inWord + i; k >= tap.first && k < tap.first + tap.count) {
            numbers[i] = gather<Set>(columns + k * featureStep, columnStep, panel.width - v * Set::lanes);
            // A panel may span colour groups, and weights in memory may be other than zero where masked.
            const int first = panel.first + v * Set::lanes;
            const int begin = transposed ? tap.sees[shape.groupOf(k)] - first : 0;
            const int end = transposed ? Set::lanes : shape.firstOutputThatSees(tap.sees, k) - first;
            for (int lane = std::max(begin, 0); lane < std::min(end, Set::lanes); lane++) numbers[i][lane] = 0.0f;
          }
        Set::store(to, Set::abreast(numbers));
      }
  }
}

template <class Set>
const typename Set::Word* packWeights(const ConvolutionShape& shape, const ConvolutionPlan& plan, const float* weights,
                                      bool transposed) {
  static thread_local Scratch scratch;
  auto* packed = scratch.reserve<typename Set::Word>(plan.packedWords);
  parallelFor(static_cast<int>(plan.panels.size()),
              [&](int panel) { packPanel<Set>(shape, plan, plan.panels[panel], weights, transposed, packed); });
  return packed;
}

// Copies adjacent numbers into words; the rest of the last word is zero.
template <class Set>
void copyNumbers(const float* from, int count, bool relu, typename Set::Word* to) {
  constexpr int inWord = Set::numbersInWord, step = Set::lanes * inWord;
  if (inWord == 1 && !relu) {
    std::memcpy(to, from, count * sizeof(float));
    return;
  }
  const auto zero = Set::fill(0.0f);
  for (int at = 0; at < count; at += step, to += Set::lanes) {
    typename Set::Floats numbers[inWord];
#pragma GCC unroll 2
    for (int i = 0; i < inWord; i++) {
      const int first = at + i * Set::lanes;
      const auto value = Set::load(from + first, count - first, 0.0f);
      numbers[i] = relu ? Set::max(value, zero) : value;
    }
    Set::store(to, Set::successive(numbers), (count - at + inWord - 1) / inWord);
  }
}

// Copies pixels in bfloat16, which are words already.
template <class Set>
void copyPixels(const Bfloat16* from, int pixels, int features, bool relu, typename Set::Word* to) {
  const auto* words = reinterpret_cast<const typename Set::Word*>(from);
  const int count = pixels * features / 2;
  if (!relu) {
    std::memcpy(to, words, count * sizeof *to);
    return;
  }
  for (int at = 0; at < count; at += Set::lanes)
    Set::store(to + at, Set::rectify(Set::load(words + at, count - at)), count - at);
}

// Copies pixels into words; each pixel starts a word.
template <class Set>
void copyPixels(const float* from, int pixels, int features, bool relu, typename Set::Word* to) {
  constexpr int inWord = Set::numbersInWord;
  if (features % inWord == 0) return copyNumbers<Set>(from, pixels * features, relu, to);
  for (int pixel = 0; pixel < pixels; pixel++, from += features, to += (features + inWord - 1) / inWord)
    copyNumbers<Set>(from, features, relu, to);
}

// Rows and columns of an image to copy, with all features; zero outside the image, optionally after a ReLU.
struct Window {
  int row, rows, column, columns;
};

template <class Set, class Number>
void copyWindow(const ConvolutionPlan& plan, const Number* image, const Window& window, bool relu,
                typename Set::Word* to) {
  using Word = typename Set::Word;
  const int height = plan.sourceHeight, width = plan.sourceWidth, features = plan.sourceFeatures;
  const size_t rowWords = static_cast<size_t>(window.columns) * plan.sourceWords;
  const int begin = std::clamp(-window.column, 0, window.columns);
  const int end = std::clamp(width - window.column, begin, window.columns);
  const size_t before = static_cast<size_t>(begin) * plan.sourceWords;
  const size_t upTo = static_cast<size_t>(end) * plan.sourceWords;
  for (int row = window.row; row < window.row + window.rows; row++, to += rowWords) {
    if (row < 0 || row >= height) {
      std::memset(to, 0, rowWords * sizeof(Word));
      continue;
    }
    const Number* from = image + (static_cast<ptrdiff_t>(row) * width + window.column + begin) * features;
    std::memset(to, 0, before * sizeof(Word));
    copyPixels<Set>(from, end - begin, features, relu, to + before);
    std::memset(to + upTo, 0, (rowWords - upTo) * sizeof(Word));
  }
}

}  // namespace pxv
