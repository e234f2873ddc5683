#include "drawing.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "../thread_pool.h"
#include "elementary.h"
#include "image_walk.h"
#include "philox.h"

namespace pxv::engine {
namespace {

constexpr int mostLevels = 256;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// Images [first, first + count) of the batch, which go through the pixels side by side.
struct Part {
  int first, count;
  std::unique_ptr<ImageWalk> walk;
};

// With few images the time goes into reading the weights, which the threads then share; but small weights stay in each
// core's cache, and sharing small work costs more than it brings.
bool sharesOps(const Engine& engine, int batch) {
  constexpr size_t cachedFloats = 128 * 1024;
  constexpr int enoughImages = 4;
  if (batch < threads()) return true;
  return engine.pixelFloats() > cachedFloats && batch < enoughImages * threads();
}

class Drawing {
 public:
  Drawing(const Engine& engine, const DrawingRequest& request)
      : engine_(engine),
        program_(engine.program()),
        request_(request),
        outputs_(program_.slots[program_.out].features / program_.colours),
        failedSum_(1) {
    const bool shared = sharesOps(engine, request.batch);
    const int parts = shared ? 1 : std::min(request.batch, threads());
    for (int part = 0; part < parts; part++) {
      const int first = part * request.batch / parts, end = (part + 1) * request.batch / parts;
      parts_.push_back({first, end - first, std::make_unique<ImageWalk>(engine, end - first, shared)});
    }
  }

  double run(const std::function<void(int)>& onRow) {
    const std::atomic_ref<int32_t> stop(*request_.stop);
    int row = 0;
    while (row < program_.height && !stop.load() && failedSum_.load() == 1) {
      if (parts_.size() == 1) {
        drawRow(parts_[0], row);
      } else {
        auto part = [&](int index) { drawRow(parts_[index], row); };
        parallelFor(static_cast<int>(parts_.size()), part);
      }
      onRow(++row);
    }
    return failedSum_.load();
  }

 private:
  void drawRow(const Part& part, int row) {
    const size_t pixels = static_cast<size_t>(program_.height) * program_.width;
    const int mapFeatures = program_.map < 0 ? 0 : program_.slots[program_.map].features;
    part.walk->beginRow(row, request_.map ? request_.map + part.first * pixels * mapFeatures : nullptr);
    for (int column = 0; column < program_.width; column++) {
      const bool outputs = request_.outputs || isToDraw(part, row, column);
      for (int colour = 0; colour < program_.colours; colour++) {
        part.walk->compute(row, column, colour, outputs);
        for (int image = 0; image < part.count; image++) drawSubPixel(part, row, column, image, colour);
      }
    }
    part.walk->endRow(row);
  }

  // Whether any sub-pixel of a pixel is not known, in any of the images.
  bool isToDraw(const Part& part, int row, int column) const {
    for (int image = 0; image < part.count; image++) {
      const int16_t* levels = request_.levels + subPixel(part.first + image, row, column);
      if (std::any_of(levels, levels + program_.colours, [](int16_t level) { return level < 0; })) return true;
    }
    return false;
  }

  // Of an image of the batch, where the first sub-pixel of a pixel stands.
  size_t subPixel(int image, int row, int column) const {
    return ((static_cast<size_t>(image) * program_.height + row) * program_.width + column) * program_.colours;
  }

  void drawSubPixel(const Part& part, int row, int column, int image, int colour) {
    const int index = part.first + image;
    const size_t at = subPixel(index, row, column) + colour;
    const float* outputs = part.walk->outputs(row, column, image, colour);
    if (request_.outputs) std::copy_n(outputs, outputs_, request_.outputs + at * outputs_);

    const double middle = request_.features.middle;
    const double anchor = request_.anchors ? request_.anchors[at] : middle;
    if (request_.levels[at] < 0) {
      const uint32_t* counter = request_.counters + 3 * index;
      const auto place = static_cast<uint32_t>(row * program_.width + column);
      const double u = uniform(request_.key, counter[0], counter[1], place, counter[2] + colour);
      request_.levels[at] = draw(outputs, anchor, u, request_.nats[index]);
    }
    const double level = request_.levels[at];
    const float features[2] = {static_cast<float>((level - middle) / middle),
                               static_cast<float>((level - anchor) * request_.features.gain)};
    part.walk->setSubPixel(row, column, image, colour, features);
  }

  int16_t draw(const float* outputs, double anchor, double u, double& nats) {
    alignas(64) double probabilities[mostLevels + spareDoubles];
    const Head& head = request_.head;
    switch (head.kind) {
      case HeadKind::softmax:
        engine_.kernels().softmax(outputs, head.levels, probabilities);
        break;
      case HeadKind::mixture:
        engine_.kernels().mixture({head.components, head.levels, head.meanScale}, outputs, anchor, probabilities);
        break;
      case HeadKind::sigmoid:
        probabilities[0] = 1 / (1 + exponential(outputs[0]));
        probabilities[1] = 1 / (1 + exponential(-outputs[0]));
        break;
    }
    const double sum = sumOf(probabilities, head.levels);
    if (!(sum > 0 && sum < __builtin_inf())) {
      failedSum_.store(sum);
      return 0;
    }
    const int level = drawLevel(probabilities, head.levels, u, request_.settings);
    nats -= logarithm(probabilities[level]);
    return static_cast<int16_t>(level);
  }

  const Engine& engine_;
  const Program& program_;
  const DrawingRequest& request_;
  const int outputs_;  // that the head reads for one sub-pixel
  std::vector<Part> parts_;
  std::atomic<double> failedSum_;  // 1 while nothing has failed
};

}  // namespace

double drawImages(const Engine& engine, const DrawingRequest& request, const std::function<void(int)>& onRow) {
  return Drawing(engine, request).run(onRow);
}

}  // namespace pxv::engine
