#include "level_source.h"

#include <algorithm>

#include "coding_counts.h"
#include "elementary.h"
#include "range_coder.h"

namespace pxv::engine {
namespace {

// Returns a number strictly between 0 and 1: (x + 1/2) / 2^32, x the first word of the counter's block by Philox4x32-10
// (Salmon et al., SC 2011), as src/foundation/philox.ts.
double uniform(const uint32_t key[2], uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t a = static_cast<uint64_t>(0xd2511f53u) * c0, b = static_cast<uint64_t>(0xcd9e8d57u) * c2;
    c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(b);
    c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(a);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return (c0 + 0.5) / 4294967296.0;
}

int mostProbable(const double* weights, int levels) {
  return static_cast<int>(std::max_element(weights, weights + levels) - weights);
}

// Returns a level by inverse transform: the first with a cumulative sum, ascending, above the threshold.
int invert(const double* weights, int levels, double threshold) {
  double cumulative = weights[0];
  int level = 0;
  while (cumulative <= threshold && level < levels - 1) cumulative += weights[++level];
  return level;
}

// weights[k] = (p[k] / max p)^(1 / temperature).
void temper(const double* probabilities, int levels, double temperature, double* weights) {
  const double largest = probabilities[mostProbable(probabilities, levels)];
  for (int level = 0; level < levels; level++) {
    const double ratio = probabilities[level] / largest;
    weights[level] = ratio == 1.0 ? ratio : exponential(logarithm(ratio) / temperature);
  }
}

// Sums in ascending order of levels.
double sumOf(const double* probabilities, int levels) {
  double total = 0;
  for (int level = 0; level < levels; level++) total += probabilities[level];
  return total;
}

// Draws a level by probabilities raised to 1 / temperature; their sum must be finite and above zero. Returns the most
// probable level at temperature 0.
int drawLevel(const double* probabilities, int levels, double u, double temperature) {
  if (temperature == 0) return mostProbable(probabilities, levels);
  if (temperature == 1) return invert(probabilities, levels, u * sumOf(probabilities, levels));
  double tempered[mostLevels];
  temper(probabilities, levels, temperature, tempered);
  return invert(tempered, levels, u * sumOf(tempered, levels));
}

class Draws final : public LevelSource {
 public:
  Draws(const Head& head, const DrawingCall& call) : LevelSource(head), call_(call) {}

  int16_t next(const SubPixelView& at, const Place& place) override {
    const double temperature = call_.numbers.temperature;
    const uint32_t* counter = call_.counters + 3 * place.image;
    const auto position = static_cast<uint32_t>(place.row * call_.numbers.width + place.column);
    const double u = uniform(call_.key, counter[0], counter[1], position, counter[2] + at.colour);
    double& nats = call_.nats[place.image];
    if (head_.kind == logisticMixtureHead && temperature != 0) return drawOfMixture(at, u, nats);
    alignas(64) double probabilities[mostLevels + spareDoubles];
    head_.distribute(at, 1, __builtin_inf(), probabilities);
    const double sum = sumOf(probabilities, head_.levels);
    if (!(sum > 0 && sum < __builtin_inf())) return fail(sum);
    const int level = drawLevel(probabilities, head_.levels, u, temperature);
    nats -= logarithm(probabilities[level]);
    return static_cast<int16_t>(level);
  }

 private:
  int16_t drawOfMixture(const SubPixelView& at, double u, double& nats) {
    const double temperature = call_.numbers.temperature;
    Logistic logistics[mostComponents];
    mixtureOf(head_, at, temperature, logistics);
    contract(head_, call_.numbers.maxDeviation, logistics);
    const int level = quantileOf(head_, logistics, u);
    if (level < 0) return fail(__builtin_nan(""));
    if (temperature != 1 || call_.numbers.maxDeviation < __builtin_inf()) mixtureOf(head_, at, 1, logistics);
    nats -= logarithm(probabilityOf(head_, logistics, level));
    return static_cast<int16_t>(level);
  }

  const DrawingCall& call_;
};

class Decoded final : public LevelSource {
 public:
  Decoded(const Head& head, const DrawingCall& call)
      : LevelSource(head), decoder_(call.stream, call.numbers.streamBytes) {}

  int16_t next(const SubPixelView& at, const Place&) override {
    const CodingCounts counts(head_, at);
    if (!counts.isSound()) return fail(__builtin_nan(""));
    const int level = counts.levelOf(decoder_.peek(countBits));
    const uint32_t start = counts.below(level);
    decoder_.take(start, counts.below(level + 1) - start);
    return static_cast<int16_t>(level);
  }

 private:
  RangeDecoder decoder_;
};

}  // namespace

std::unique_ptr<LevelSource> levelSourceOf(const DrawingCall& call, const Head& head) {
  if (call.stream) return std::make_unique<Decoded>(head, call);
  return std::make_unique<Draws>(head, call);
}

}  // namespace pxv::engine
