// Kernels `lstm` and `lstmGradient`. A task is a few images, scanned in place, step by step: an implicit matrix product
// over the states that the step's pixels read, then the cells. Tasks never wait for each other.
#pragma once

#include <algorithm>

#include "../scan_plan.h"
#include "convolution.h"
#include "convolution_filter_gradient.h"
#include "lstm_cell.h"

namespace pxv {

// Pixels of one step, at most `longest`, in the images of a task. A thread has one StepPixels at a time.
template <class Set>
struct StepPixels {
  using Word = typename Set::Word;

  StepPixels(int taps, int longest) : capacity(longest + sparePixels<Set>) {
    static thread_local Scratch scratch;
    sources = scratch.reserve<const Word*>(static_cast<size_t>(taps) * capacity);
  }

  const int capacity;  // of each list
  int count = 0;
  const Word** sources;  // [taps][capacity]: features that each tap reads
};

// Sums of the pixels of a step. Whole vectors are stored, in order: what lies behind a panel is overwritten by the next
// one, and what lies behind the last one, or below the last pixel, is never read.
struct StepSums {
  float* first;
  size_t pitch;  // floats from one pixel to the next

  float* at(int pixel) const { return first + pixel * pitch; }
};

template <class Set>
StepSums reserveSums(Scratch& scratch, int capacity, int features) {
  const size_t pitch = features + 3 * Set::lanes;
  return {scratch.reserve<float>(capacity * pitch), pitch};
}

// Multiplies the pixels of one tile, from `begin` on.
template <class Set, int Rows, int Vectors>
void multiplyTile(const ConvolutionPlan& plan, const PlanPanel& panel, const typename Set::Word* packed,
                  const StepPixels<Set>& pixels, int begin, const StepSums& sums) {
  using Word = typename Set::Word;
  using Tile = RegisterTile<Set, Rows, Vectors>;
  Tile tile;
  tile.clear();
  const Word* weights = packed + panel.weights;
  for (int t = panel.tapsBegin; t < panel.tapsEnd; t++) {
    const Word* pointers[Rows];
    const Word* const* sources = pixels.sources + static_cast<size_t>(t - panel.tapsBegin) * pixels.capacity + begin;
#pragma GCC unroll 16
    for (int row = 0; row < Rows; row++) pointers[row] = sources[row];
    const int words = plan.taps[t].words;
    tile.accumulate(pointers, plan.taps[t].word, words, weights);
    weights += static_cast<size_t>(words) * Tile::width;
  }
  tile.each([&](int row, int v) __attribute__((always_inline)) {
    Set::store(sums.at(begin + row) + panel.first + v * Set::lanes, tile.sums[row][v]);
  });
}

// Multiplies all pixels of a step. Steps are short, so the rest after whole tiles goes through half and quarter tiles.
template <class Set, int Vectors>
void multiplyPanel(const ConvolutionPlan& plan, const PlanPanel& panel, const typename Set::Word* packed,
                   const StepPixels<Set>& pixels, const StepSums& sums) {
  constexpr int whole = Set::tileRows[Vectors - 1], half = whole / 2, quarter = whole / 4;
  for (int begin = 0; begin < pixels.count;) {
    const int left = pixels.count - begin;
    const auto multiply = [&](auto rows) {
      multiplyTile<Set, rows, Vectors>(plan, panel, packed, pixels, begin, sums);
      begin += rows;
    };
    if (left > whole - quarter)
      multiply(std::integral_constant<int, whole>());
    else if (left > quarter)
      multiply(std::integral_constant<int, half>());
    else
      multiply(std::integral_constant<int, quarter>());
  }
}

// multiplyStep in matrix tiles. The features that the taps of 32 pixels read are copied side by side, since pixels of a
// step are scattered.
template <class Set>
void multiplyStepInTiles(const ConvolutionPlan& plan, const typename Set::Word* packed, const StepPixels<Set>& pixels,
                         const StepSums& sums) {
  using Word = typename Set::Word;
  static thread_local Scratch readScratch, offsetScratch;
  const MatrixTiles tiles;
  const int taps = plan.panels[0].tapsEnd, words = plan.sourceWords;
  const size_t tapWords = (words + tileSide - 1) / tileSide * tileSide, pitch = (taps + 1) * tapWords;
  Word* read = readScratch.reserve<Word>(2 * tileSide * pitch);
  ptrdiff_t* offsets = offsetScratch.reserve<ptrdiff_t>(plan.taps.size());
  for (const PlanPanel& panel : plan.panels)
    for (int t = panel.tapsBegin; t < panel.tapsEnd; t++)
      offsets[t] = static_cast<ptrdiff_t>((t - panel.tapsBegin) * tapWords) + plan.taps[t].word;
  std::memset(read, 0, 2 * tileSide * pitch * sizeof(Word));
  for (int begin = 0; begin < pixels.count; begin += 2 * tileSide) {
    const int count = std::min(2 * tileSide, pixels.count - begin);
    for (int pixel = 0; pixel < count; pixel++)
      for (int t = 0; t < taps; t++)
        std::memcpy(read + pixel * pitch + t * tapWords, pixels.sources[t * pixels.capacity + begin + pixel],
                    words * sizeof(Word));
    const PixelRow rows[] = {{read, pitch}, {read + tileSide * pitch, pitch}};
    for (const PlanPanel& panel : plan.panels)
      withVectors(panel.vectors, [&](auto vectors) {
        float* to = sums.at(begin) + panel.first;
        if (count > tileSide)
          sumInTiles<2, vectors>(plan, panel, offsets, packed, rows, to, sums.pitch);
        else
          sumInTiles<1, vectors>(plan, panel, offsets, packed, {rows[0]}, to, sums.pitch);
      });
  }
}

// sums[pixel] = sum over taps of the tap's features times the packed weights.
template <class Set>
void multiplyStep(const ConvolutionPlan& plan, const typename Set::Word* packed, const StepPixels<Set>& pixels,
                  const StepSums& sums) {
  if constexpr (Set::hasMatrixTiles) return multiplyStepInTiles<Set>(plan, packed, pixels, sums);
  for (const PlanPanel& panel : plan.panels)
    withVectors(panel.vectors, [&](auto vectors) { multiplyPanel<Set, vectors>(plan, panel, packed, pixels, sums); });
}

// Prefetches `count` numbers. Pixels of a diagonal lie a row apart, which the hardware prefetcher does not detect.
template <class Number>
void prefetchRow(const Number* row, int count) {
  for (int k = 0; k < count; k += 64 / sizeof(Number)) __builtin_prefetch(row + k);
}

// Images [first, first + count) of the batch.
struct Images {
  int first, count;
};

// Returns the number of images per task: an eighth of the batch, at least 1 and at most 4. Fewer images per task occupy
// more threads. More images fill a tile with the pixels of a short diagonal.
template <class Set>
int imagesOfTask(int batch) {
  return std::clamp(batch / 8, 1, 4);
}

// Feature map that a task writes step by step, in the form that the product reads: in place, or copied into words.
// `outside` has the features of pixels outside the image, as numbers of the map. A thread has one StepMap at a time.
template <class Set, class Number>
class StepMap {
 public:
  using Word = typename Set::Word;

  StepMap(const ScanShape& shape, const Images& images, const Number* map, int features, const Number* outside)
      : map_(map), features_(features), words_((features + Set::numbersInWord - 1) / Set::numbersInWord) {
    if (isInPlace) {
      origin_ = reinterpret_cast<const Word*>(map);
      outside_ = reinterpret_cast<const Word*>(outside);
      return;
    }
    static thread_local Scratch scratch;
    const size_t pixels = static_cast<size_t>(images.count) * shape.pixelCount();
    first_ = static_cast<size_t>(images.first) * shape.pixelCount();
    copy_ = scratch.reserve<Word>((pixels + 1) * words_);
    copyPixels<Set>(outside, 1, features, false, copy_ + pixels * words_);
    origin_ = copy_;
    outside_ = copy_ + pixels * words_;
  }

  const Word* outside() const { return outside_; }
  const Word* at(size_t pixel) const { return origin_ + (pixel - first_) * words_; }
  // Takes over a pixel's features, after the task has written them to the map.
  void take(size_t pixel) {
    if (!isInPlace) copyPixels<Set>(map_ + pixel * features_, 1, features_, false, copy_ + (pixel - first_) * words_);
  }

 private:
  static constexpr bool isInPlace = Set::numbersInWord * sizeof(Number) == sizeof(Word);
  const Number* map_;
  const int features_, words_;
  size_t first_ = 0;  // first pixel
  const Word* origin_;
  const Word* outside_;
  Word* copy_ = nullptr;
};

// Lists the pixels of the step that begins at `place`: tap t reads features of the pixel neighbours[t][place] of the
// map.
template <class Set, class Number>
void listStep(const ScanShape& shape, const Images& images, int place, int length, const std::vector<int>& neighbours,
              const StepMap<Set, Number>& map, StepPixels<Set>& pixels) {
  const int imagePixels = shape.pixelCount();
  pixels.count = images.count * length;
  for (int t = 0; t < shape.states.taps; t++) {
    auto* sources = pixels.sources + t * pixels.capacity;
    for (int image = images.first; image < images.first + images.count; image++)
      for (int n = place; n < place + length; n++) {
        const int neighbour = neighbours[t * imagePixels + n];
        *sources++ = neighbour < 0 ? map.outside() : map.at(static_cast<size_t>(image) * imagePixels + neighbour);
      }
    std::fill_n(sources, sparePixels<Set>, sources[-1]);
  }
}

// `lstm` of gates and activations that are stored as `Number`.
template <class Set, class Number>
void scan(const ScanShape& shape, const LstmCall& call, const Number* gates, Number* activations) {
  const int batch = call.numbers.batch;
  const float* initial = call.initial;
  float *cells = call.cells, *out = call.out;
  const ConvolutionPlan& product = planForward(shape.states, layoutOf<Set>);
  const auto* packed = packWeights<Set>(shape.states, product, call.weights, false);
  const ScanPlan& plan = planScan(shape);
  const int hidden = shape.hidden(), imagePixels = shape.pixelCount();
  static thread_local Scratch initialScratch;
  float* states0 = initialScratch.reserve<float>(2 * hidden);
  for (int k = 0; k < 2 * hidden; k++) states0[k] = initial ? initial[k] : 0.0f;
  const float* cells0 = states0 + hidden;
  const int taskImages = imagesOfTask<Set>(batch);

  parallelFor((batch + taskImages - 1) / taskImages, [&](int task) {
    static thread_local Scratch sumScratch;
    const Images images{task * taskImages, std::min(taskImages, batch - task * taskImages)};
    const int longest = images.count * plan.longestStep;
    StepPixels<Set> pixels(shape.states.taps, longest);
    StepMap<Set, float> states(shape, images, out, hidden, states0);
    const StepSums sums = reserveSums<Set>(sumScratch, pixels.capacity, 4 * hidden);
    for (int step = 0, place = 0; step < shape.steps; place += shape.stepLengths[step++]) {
      const int length = shape.stepLengths[step];
      listStep<Set>(shape, images, place, length, plan.sources, states, pixels);
      multiplyStep<Set>(product, packed, pixels, sums);
      float* pixelSums = sums.first;
      for (int image = images.first; image < images.first + images.count; image++)
        for (int n = place; n < place + length; n++, pixelSums += sums.pitch) {
          const size_t base = static_cast<size_t>(image) * imagePixels, at = base + shape.pixels[n];
          // Prefetches the memory of the next step.
          if (const int next = n + length; next < imagePixels) {
            const size_t soon = base + shape.pixels[next];
            prefetchRow(gates + soon * 4 * hidden, 4 * hidden);
            prefetchRow(activations + soon * 4 * hidden, 4 * hidden);
            prefetchRow(cells + soon * hidden, hidden);
            prefetchRow(out + soon * hidden, hidden);
          }
          const float* before = plan.cellSources[n] < 0 ? cells0 : cells + (base + plan.cellSources[n]) * hidden;
          cell<Set>(shape, gates + at * 4 * hidden, before, pixelSums, cells + at * hidden);
          Number* to = activations + at * 4 * hidden;
          for (int j = 0; j < 4 * hidden; j += Set::lanes)
            Set::store(to + j, Set::load(pixelSums + j, 4 * hidden - j, 0.0f), 4 * hidden - j);
        }
      pixelSums = sums.first;
      for (int image = images.first; image < images.first + images.count; image++)
        for (int n = place; n < place + length; n++, pixelSums += sums.pitch) {
          const size_t at = static_cast<size_t>(image) * imagePixels + shape.pixels[n];
          state<Set>(shape, pixelSums, cells + at * hidden, out + at * hidden);
          states.take(at);
        }
    }
  });
}

template <class Set>
void lstm(const LstmCall& call) {
  const ScanShape shape(call.shape);
  withNumbers<Set>(shape.states.outInBf16, call.activations, [&]<class Number>(Number* activations) {
    scan<Set>(shape, call, reinterpret_cast<const Number*>(call.gates), activations);
  });
}

// Sums the gradients of one task that leave the image: of each tap, the dGates of pixels from which the tap leads
// outside, [taps][4h]; then the gradients of cells outside the image, [h].
template <class Set, class Number>
void sumBorders(const ScanShape& shape, const ScanPlan& plan, const Images& images, const Number* dGates,
                const float* carried, float* sums) {
  const int hidden = shape.hidden(), maps = 4 * hidden, imagePixels = shape.pixelCount(), taps = shape.states.taps;
  std::fill_n(sums, taps * maps + hidden, 0.0f);
  for (int image = images.first; image < images.first + images.count; image++)
    for (int t = 0; t < taps; t++)
      for (int n = 0; n < imagePixels; n++) {
        if (plan.sources[t * imagePixels + n] >= 0) continue;
        const Number* from = dGates + (static_cast<size_t>(image) * imagePixels + shape.pixels[n]) * maps;
        float* to = sums + t * maps;
        for (int j = 0; j < maps; j += Set::lanes)
          Set::store(to + j, Set::load(to + j, maps - j, 0.0f) + Set::load(from + j, maps - j, 0.0f), maps - j);
      }
  float* cellSums = sums + taps * maps;
  for (int line = 0; line < images.count * plan.lineCount; line++, carried += hidden)
    for (int k = 0; k < hidden; k++) cellSums[k] += carried[k];
}

// d weights[t] += initial h times the border's dGates; d initial h = sum over taps of weights[t] times the border's
// dGates. Adds the `tasks` results of sumBorders in order.
template <class Set>
void addBorders(const ScanShape& shape, int tasks, const float* weights, const float* initial, float* sums,
                float* dWeights, float* dInitial) {
  const int hidden = shape.hidden(), maps = 4 * hidden, taps = shape.states.taps, count = taps * maps + hidden;
  for (int task = 1; task < tasks; task++)
    for (int j = 0; j < count; j++) sums[j] += sums[task * count + j];
  std::fill_n(dInitial, hidden, 0.0f);
  std::copy_n(sums + taps * maps, hidden, dInitial + hidden);
  for (int t = 0; t < taps; t++, sums += maps)
    for (int k = 0; k < hidden; k++, weights += maps, dWeights += maps)
      for (int j = 0; j < maps; j++) {
        dWeights[j] += initial[k] * sums[j];
        dInitial[k] += weights[j] * sums[j];
      }
}

// Scans in reverse order: dRead = sum over taps of the transposed weights times dGates of the pixel that reads this
// pixel, then the cells (see lstm_cell.h). The gradient of the weights is that of the state-to-state convolution.
template <class Set, class Number>
void scanGradient(const ScanShape& shape, const LstmGradientCall& call, const Number* activations, Number* dGates) {
  const float *dOut = call.dOut, *weights = call.weights, *initial = call.initial, *cells = call.cells;
  const int batch = call.numbers.batch;
  const ConvolutionPlan& product = planInputGradient(shape.states, 0, 0, layoutOf<Set>);
  const auto* packed = packWeights<Set>(shape.states, product, weights, true);
  const ScanPlan& plan = planScan(shape);
  const int hidden = shape.hidden(), imagePixels = shape.pixelCount(), taps = shape.states.taps;
  static thread_local Scratch zeroScratch, borderScratch;
  float* zeros = zeroScratch.reserve<float>(4 * hidden);
  std::fill_n(zeros, 4 * hidden, 0.0f);
  const float* cells0 = initial ? initial + hidden : zeros;
  const int taskImages = imagesOfTask<Set>(batch), tasks = (batch + taskImages - 1) / taskImages;
  const size_t borderFloats = static_cast<size_t>(taps) * 4 * hidden + hidden;
  float* borders = initial ? borderScratch.reserve<float>(tasks * borderFloats) : nullptr;

  parallelFor(tasks, [&](int task) {
    static thread_local Scratch readScratch, carriedScratch;
    const Images images{task * taskImages, std::min(taskImages, batch - task * taskImages)};
    const int longest = images.count * plan.longestStep;
    StepPixels<Set> pixels(taps, longest);
    StepMap<Set, Number> gates(shape, images, dGates, 4 * hidden, reinterpret_cast<const Number*>(zeros));
    const StepSums dRead = reserveSums<Set>(readScratch, pixels.capacity, hidden);
    const size_t carriedFloats = static_cast<size_t>(images.count) * plan.lineCount * hidden;
    float* carried = carriedScratch.reserve<float>(carriedFloats);
    std::fill_n(carried, carriedFloats, 0.0f);
    for (int step = shape.steps - 1, place = imagePixels; step >= 0; step--) {
      const int length = shape.stepLengths[step];
      place -= length;
      listStep<Set>(shape, images, place, length, plan.readers, gates, pixels);
      multiplyStep<Set>(product, packed, pixels, dRead);
      const float* read = dRead.first;
      for (int image = 0; image < images.count; image++)
        for (int n = place; n < place + length; n++, read += dRead.pitch) {
          const size_t base = static_cast<size_t>(images.first + image) * imagePixels, at = base + shape.pixels[n];
          if (const int next = n - length; next >= 0) {
            const size_t soon = base + shape.pixels[next];
            prefetchRow(activations + soon * 4 * hidden, 4 * hidden);
            prefetchRow(dGates + soon * 4 * hidden, 4 * hidden);
            if (plan.cellSources[next] >= 0) prefetchRow(cells + (base + plan.cellSources[next]) * hidden, hidden);
            prefetchRow(dOut + soon * hidden, hidden);
          }
          const float* before = plan.cellSources[n] < 0 ? cells0 : cells + (base + plan.cellSources[n]) * hidden;
          float* flow = carried + (static_cast<size_t>(image) * plan.lineCount + plan.lines[n]) * hidden;
          cellGradient<Set>(shape, dOut + at * hidden, read, activations + at * 4 * hidden, cells + at * hidden, before,
                            flow, dGates + at * 4 * hidden);
          gates.take(at);
        }
    }
    if (borders) sumBorders<Set>(shape, plan, images, dGates, carried, borders + task * borderFloats);
  });

  // The numbers of a ScanShape begin with those of its state-to-state convolution.
  convolutionFilterGradient<Set>({{batch, false}, call.shape, call.out, call.dGates, call.dWeights, nullptr});
  if (borders) addBorders<Set>(shape, tasks, weights, initial, borders, call.dWeights, call.dInitial);
}

template <class Set>
void lstmGradient(const LstmGradientCall& call) {
  const ScanShape shape(call.shape);
  withNumbers<Set>(shape.states.outInBf16, call.dGates, [&]<class Number>(Number* dGates) {
    scanGradient<Set>(shape, call, reinterpret_cast<const Number*>(call.activations), dGates);
  });
}

}  // namespace pxv
