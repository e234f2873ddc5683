#include "drawing.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "../thread_pool.h"
#include "elementary.h"
#include "philox.h"
#include "pixel_by_pixel.h"

namespace pxv::engine {
namespace {

constexpr int mostLevels = 256;
constexpr int spareDoubles = 16;  // kernels write whole vectors

// Images [first, first + count) of the batch, which go through the pixels side by side.
struct Part {
  int first, count;
  std::unique_ptr<PixelByPixel> pixels;
  std::vector<float> features;  // that the program reads of one sub-pixel
  std::vector<TemplateMatcher> matchers;     // one an image, where templates are looked for
  std::vector<LocalRegression> regressions;  // and where something is regressed
  std::vector<float> matched;                // what is read of a pixel: of templates, then of regressions
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
        middles_(program_.colours * request.anchorCount, request.features.middle),
        failedSum_(1) {
    const bool shared = sharesOps(engine, request.batch);
    const int parts = shared ? 1 : std::min(request.batch, threads());
    for (int part = 0; part < parts; part++) {
      const int first = part * request.batch / parts, end = (part + 1) * request.batch / parts;
      parts_.push_back({first, end - first, std::make_unique<PixelByPixel>(engine, end - first, shared),
                        std::vector<float>(1 + request.anchorCount), {}, {}, {}});
      if (program_.matched >= 0) beginMatching(parts_.back());
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
  void beginMatching(Part& part) const {
    const TemplateMatchingShape& shape = request_.templates;
    const LocalRegressionShape& regressed = request_.regressed;
    const size_t ofImage = static_cast<size_t>(shape.height) * shape.width * shape.references * shape.channels;
    const bool regresses = regressed.channels > 0;
    part.matched.resize(shape.features() + (regresses ? regressed.features() : 0));
    if (!request_.references) {
      for (int reference = 0; reference < shape.references; reference++)
        part.matched[reference * shape.featuresOfReference() + shape.pictures() + 1] = 1;
      float* errors = part.matched.data() + shape.features() + regressed.channels;
      for (int regression = 0; regresses && regression < LocalRegressionShape::regressions; regression++)
        std::fill_n(errors + regression * 2 * regressed.channels, regressed.channels, 1.0f);
      return;
    }
    for (int image = 0; image < part.count; image++) {
      const float* references = request_.references + (part.first + image) * ofImage;
      part.matchers.emplace_back(shape);
      part.matchers.back().begin(references);
      if (!regresses) continue;
      part.regressions.emplace_back(regressed);
      part.regressions.back().begin(request_.anchors + subPixel(part.first + image, 0, 0) * request_.anchorCount,
                                    request_.anchorCount, references);
    }
  }

  void match(Part& part, int row, int column, int image) const {
    if (!part.matchers.empty()) search(part, row, column, image);
    if (!part.regressions.empty())
      part.regressions[image].predict(row, column, part.matched.data() + request_.templates.features());
    part.pixels->setMatched(row, column, image, part.matched.data());
  }

  // The pictures found less the first anchor, and the spread, times the gain and how well they fit, squared; the costs as they
  // are. See templateInput in src/model/template-input.ts.
  void search(Part& part, int row, int column, int image) const {
    const TemplateMatchingShape& shape = request_.templates;
    const float* anchors = request_.anchors + subPixel(part.first + image, row, column) * request_.anchorCount;
    const float gain = request_.features.gain;
    float* values = part.matched.data();
    part.matchers[image].match(row, column, values);
    const int pictures = shape.pictures();
    for (int reference = 0; reference < shape.references; reference++, values += shape.featuresOfReference()) {
      const float fit = 1.0f - values[pictures + 1], fits = fit * fit;
      for (int k = 0; k < pictures; k++)
        values[k] = (values[k] - anchors[k % shape.channels * request_.anchorCount]) * gain * fits;
      values[pictures] = values[pictures] * gain * fits;
    }
  }

  void drawRow(Part& part, int row) {
    const size_t pixels = static_cast<size_t>(program_.height) * program_.width;
    const int mapFeatures = program_.map < 0 ? 0 : program_.slots[program_.map].features;
    part.pixels->beginRow(row, request_.map ? request_.map + part.first * pixels * mapFeatures : nullptr);
    for (int column = 0; column < program_.width; column++) {
      const bool outputs = request_.outputs || isToDraw(part, row, column);
      if (program_.matched >= 0)
        for (int image = 0; image < part.count; image++) match(part, row, column, image);
      for (int colour = 0; colour < program_.colours; colour++) {
        part.pixels->compute(row, column, colour, outputs);
        for (int image = 0; image < part.count; image++) drawSubPixel(part, row, column, image, colour);
      }
      const int matchers = static_cast<int>(part.matchers.size());
      for (int image = 0; image < matchers; image++) {
        const int16_t* levels = request_.levels + subPixel(part.first + image, row, column);
        part.matchers[image].know(row, column, levels);
        if (!part.regressions.empty()) part.regressions[image].know(row, column, levels);
      }
    }
    part.pixels->endRow(row);
  }

  // Whether any sub-pixel of a pixel is not known, in any of the images.
  bool isToDraw(const Part& part, int row, int column) const {
    for (int image = 0; image < part.count; image++) {
      const int16_t* levels = request_.levels + subPixel(part.first + image, row, column);
      if (std::any_of(levels, levels + program_.colours, [](int16_t level) { return level < 0; })) return true;
    }
    return false;
  }

  // Of a pixel of an image of the batch: its place, and where its first sub-pixel stands.
  size_t pixelAt(int image, int row, int column) const {
    return (static_cast<size_t>(image) * program_.height + row) * program_.width + column;
  }
  size_t subPixel(int image, int row, int column) const { return pixelAt(image, row, column) * program_.colours; }

  void drawSubPixel(Part& part, int row, int column, int image, int colour) {
    const int index = part.first + image, anchorCount = request_.anchorCount;
    const size_t pixel = pixelAt(index, row, column), first = pixel * program_.colours;
    const PixelView view{part.pixels->outputs(row, column, image, 0), request_.levels + first,
                         request_.anchors ? request_.anchors + first * anchorCount : middles_.data(), anchorCount};
    const float* outputs = part.pixels->outputs(row, column, image, colour);
    if (request_.outputs) {
      const Slot& out = program_.slots[program_.out];
      std::copy_n(outputs, out.groups[colour], request_.outputs + pixel * out.features + (outputs - view.outputs));
    }

    int16_t& drawn = request_.levels[first + colour];
    const float* anchors = view.anchors + colour * anchorCount;
    float level = drawn;
    if (drawn < 0) {
      const uint32_t* counter = request_.counters + 3 * index;
      const auto place = static_cast<uint32_t>(row * program_.width + column);
      const double u = stratified(request_.strata, request_.key, counter[0], counter[1], place, counter[2] + colour);
      drawn = draw(view, colour, outputs, u, request_.nats[index]);
      level = carriedWithin(drawn, anchors[0]);
    }
    const auto [middle, gain] = request_.features;
    part.features[0] = (level - middle) / middle;
    for (int k = 0; k < anchorCount; k++) part.features[1 + k] = (level - anchors[k]) * gain;
    part.pixels->setSubPixel(row, column, image, colour, part.features.data());
  }

  // What is read of a drawn level after it.
  float carriedWithin(float level, float anchor) const {
    const float share = request_.settings.carryWithin;
    return share == 1 ? level : anchor + (level - anchor) * share;
  }

  int16_t draw(const PixelView& pixel, int colour, const float* outputs, double u, double& nats) {
    const DrawSettings& settings = request_.settings;
    if (request_.head.kind == HeadKind::mixture && settings.temperature == 1 && settings.topP == 1)
      return drawOfMixture(pixel, colour, u, nats);
    alignas(64) double probabilities[mostLevels + spareDoubles];
    const int levels = request_.head.levels;
    distribute(pixel, colour, outputs, settings.componentTemperature, probabilities);
    const double sum = sumOf(probabilities, levels);
    if (!(sum > 0 && sum < __builtin_inf())) {
      failedSum_.store(sum);
      return 0;
    }
    const int level = drawLevel(probabilities, levels, u, settings);
    if (settings.componentTemperature != 1) distribute(pixel, colour, outputs, 1, probabilities);
    nats -= logarithm(probabilities[level]);
    return static_cast<int16_t>(level);
  }

  int16_t drawOfMixture(const PixelView& pixel, int colour, double u, double& nats) {
    const auto& [kind, levels, mixture] = request_.head;
    const double temperature = request_.settings.componentTemperature;
    Logistic logistics[mostComponents];
    mixtureOf(mixture, levels, pixel, colour, temperature, logistics);
    const int level = quantileOf(logistics, mixture.components, levels, u);
    if (level < 0) {
      failedSum_.store(__builtin_nan(""));
      return 0;
    }
    if (temperature != 1) mixtureOf(mixture, levels, pixel, colour, 1, logistics);
    nats -= logarithm(probabilityOf(logistics, mixture.components, levels, level));
    return static_cast<int16_t>(level);
  }

  // The probability of each level of one colour, whose own outputs are `outputs`.
  void distribute(const PixelView& pixel, int colour, const float* outputs, double temperature,
                  double* probabilities) const {
    const auto& [kind, levels, mixture] = request_.head;
    switch (kind) {
      case HeadKind::softmax:
        return engine_.kernels().softmax(outputs, levels, probabilities);
      case HeadKind::mixture: {
        Logistic logistics[mostComponents];
        mixtureOf(mixture, levels, pixel, colour, temperature, logistics);
        return engine_.kernels().mixture(logistics, mixture.components, levels, probabilities);
      }
      case HeadKind::sigmoid:
        probabilities[0] = 1 / (1 + exponential(outputs[0]));
        probabilities[1] = 1 / (1 + exponential(-outputs[0]));
    }
  }

  const Engine& engine_;
  const Program& program_;
  const DrawingRequest& request_;
  const std::vector<float> middles_;  // a pixel's anchors where none are given
  std::vector<Part> parts_;
  std::atomic<double> failedSum_;  // 1 while nothing has failed
};

}  // namespace

double drawImages(const Engine& engine, const DrawingRequest& request, const std::function<void(int)>& onRow) {
  return Drawing(engine, request).run(onRow);
}

}  // namespace pxv::engine
