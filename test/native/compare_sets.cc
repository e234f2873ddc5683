// Runs kernels of every instruction set that this machine (or its emulator) has on the same numbers and compares them
// with the portable ones. For sets whose machine runs no Node.js here; prints one line a comparison, and fails where a
// difference is above the tolerance.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

#include "../../native/convolution_shape.h"
#include "../../native/registry.h"
#include "../../native/walk_shape.h"

namespace {

using Floats = std::vector<float>;
using Integers = std::vector<int32_t>;

constexpr double tolerance = 2e-5;  // relative to the value or to 1, whichever is larger
constexpr int batch = 3, height = 5, width = 7;
constexpr int pixels = batch * height * width;

// Numbers in -1 .. 1.
Floats random(size_t count, uint32_t seed) {
  Floats values(count);
  for (float& value : values) {
    seed = seed * 1664525 + 1013904223;
    value = static_cast<float>(static_cast<int32_t>(seed)) / 2147483648.0f;
  }
  return values;
}

// A masked 3x3 convolution from features of the groups `in` to those of `out`, as src/backend/native-kernels.ts
// writes it.
Integers maskedShape(const Integers& in, const Integers& out) {
  const auto sum = [](const Integers& groups, size_t count) {
    int32_t features = 0;
    for (size_t group = 0; group < count; group++) features += groups[group];
    return features;
  };
  const int32_t inFeatures = sum(in, in.size()), outFeatures = sum(out, out.size());
  Integers numbers{height, width, inFeatures, height, width, outFeatures, 1, 9, static_cast<int32_t>(out.size()), 5};
  numbers.insert(numbers.end(), out.begin(), out.end());
  for (int32_t position = 0; position < 5; position++) {
    numbers.insert(numbers.end(), {position / 3 - 1, position % 3 - 1, position});
    for (size_t group = 0; group < out.size(); group++)
      numbers.push_back(position < 4 ? inFeatures : sum(in, group + 1));
  }
  return numbers;
}

// A walk over the diagonals with h hidden features in one group.
Integers diagonalShape(int32_t hidden) {
  Integers numbers{height, width, hidden, height, width, 4 * hidden, 1, 2, 1, 2, 4 * hidden};
  numbers.insert(numbers.end(), {-1, 0, 0, hidden, 0, -1, 1, hidden});  // taps: above, to the left
  numbers.insert(numbers.end(), {0, -1, 1, hidden, height + width - 1});
  Integers lengths, places;
  for (int step = 0; step < height + width - 1; step++) {
    int32_t length = 0;
    for (int row = 0; row < height; row++)
      if (step - row >= 0 && step - row < width) {
        places.push_back(row * width + step - row);
        length++;
      }
    lengths.push_back(length);
  }
  numbers.insert(numbers.end(), lengths.begin(), lengths.end());
  numbers.insert(numbers.end(), places.begin(), places.end());
  return numbers;
}

struct Case {
  const char* name;
  std::function<Floats(const pxv::KernelTable&)> run;
};

std::vector<Case> cases() {
  static const Integers masked = maskedShape({7, 6, 6}, {17, 16, 5}), walk = diagonalShape(11);
  static const pxv::ConvolutionShape shape(masked.data());
  static const pxv::WalkShape lstm(walk.data());
  static const int in = shape.inFeatures, out = shape.outFeatures, hidden = lstm.hidden();
  static const Floats x = random(pixels * in, 1), y = random(pixels * out, 2), weights = random(9 * in * out, 3);
  static const Floats gates = random(pixels * 4 * hidden, 4), states = random(2 * hidden * 4 * hidden, 5);
  static const Floats initial = random(2 * hidden, 6), dOut = random(pixels * hidden, 7);
  static const Integers targets(pixels, 3), colours(pixels * 3, 3);
  return {
      {"convolution",
       [](const pxv::KernelTable& kernels) {
         Floats to(pixels * out);
         kernels.convolution(shape, batch, x.data(), weights.data(), y.data(), y.data(), true, to.data());
         return to;
       }},
      {"convolutionInputGradient",
       [](const pxv::KernelTable& kernels) {
         Floats to(pixels * in);
         kernels.convolutionInputGradient(shape, batch, y.data(), weights.data(), x.data(), x.data(), to.data());
         return to;
       }},
      {"convolutionFilterGradient",
       [](const pxv::KernelTable& kernels) {
         Floats to(9 * in * out + out);
         kernels.convolutionFilterGradient(shape, batch, x.data(), y.data(), true, to.data(), to.data() + 9 * in * out);
         return to;
       }},
      {"lstm and lstmGradient",
       [](const pxv::KernelTable& kernels) {
         const int maps = pixels * hidden, matrices = 2 * hidden * 4 * hidden;
         Floats activations(4 * maps), cells(maps), to(maps + 4 * maps + matrices + 2 * hidden);
         float *dGates = to.data() + maps, *dWeights = dGates + 4 * maps, *dInitial = dWeights + matrices;
         kernels.lstm(lstm, batch, gates.data(), states.data(), initial.data(), activations.data(), cells.data(),
                      to.data());
         kernels.lstmGradient(lstm, batch, dOut.data(), states.data(), initial.data(), activations.data(), cells.data(),
                              to.data(), dGates, dWeights, dInitial);
         return to;
       }},
      {"matMul",
       [](const pxv::KernelTable& kernels) {
         Floats to(pixels * pixels);
         kernels.matMul(x.data(), x.data(), pixels, pixels, in, false, true, to.data());
         return to;
       }},
      {"softmaxCrossEntropyGradient",
       [](const pxv::KernelTable& kernels) {
         Floats to(pixels * out);
         kernels.softmaxCrossEntropyGradient(y.data(), targets.data(), x.data(), pixels, out, to.data());
         return to;
       }},
      {"logisticMixture and its gradient",
       [](const pxv::KernelTable& kernels) {
         const pxv::MixtureShape mixture{3, 256, 16.0f, 3, 2};
         const int parameters = pixels * 36, anchors = pixels * 6, nats = pixels * 3;
         Floats to(parameters + anchors + nats);
         kernels.logisticMixture(mixture, gates.data(), colours.data(), x.data(), pixels, to.data());
         kernels.logisticMixtureGradient(mixture, gates.data(), colours.data(), x.data(), y.data(), pixels,
                                         to.data() + nats, to.data() + nats + parameters);
         return to;
       }},
      {"warpedMixture and its gradients",
       [](const pxv::KernelTable& kernels) {
         const pxv::WarpShape warp{height, width, 3, 2, 2, 4.0f};
         Floats to(pixels * (3 + 12 + 6));
         kernels.warpedMixture(warp, batch, y.data(), x.data(), to.data());
         kernels.warpedMixtureGradient(warp, batch, y.data(), x.data(), gates.data(), to.data() + pixels * 3);
         kernels.warpedMixtureFramesGradient(warp, batch, x.data(), gates.data(), to.data() + pixels * 15);
         return to;
       }},
      {"blockMatching",
       [](const pxv::KernelTable& kernels) {
         Floats before(pixels * 3), last(pixels * 3), to(pixels * 11);
         for (int i = 0; i < pixels * 3; i++) before[i] = 255 * std::abs(x[i]), last[i] = 255 * std::abs(y[i]);
         kernels.blockMatching({height, width, 3, 4, 2, 1.0f, 0.0625f}, batch, before.data(), last.data(), to.data());
         return to;
       }},
      {"adam",
       [](const pxv::KernelTable& kernels) {
         const size_t count = dOut.size();
         Floats squares(count), to(3 * count);
         for (size_t i = 0; i < count; i++) squares[i] = dOut[i] * dOut[i];
         kernels.adam({count, 1e-3f, 0.9f, 0.999f, 1e-8f, 0.1f, 0.001f, 0.5f}, x.data(), dOut.data(), gates.data(),
                      squares.data(), to.data(), to.data() + count, to.data() + 2 * count);
         return to;
       }},
  };
}

}  // namespace

int main() {
  int failures = 0;
  for (const Case& each : cases()) {
    const Floats expected = each.run(pxv::registry().sets[0].table);
    for (size_t set = 1; set < pxv::registry().sets.size(); set++) {
      const Floats received = each.run(pxv::registry().sets[set].table);
      double worst = 0;
      for (size_t i = 0; i < expected.size(); i++) {
        const double error = std::abs(received[i] - expected[i]) / std::fmax(1, std::abs(expected[i]));
        worst = error <= worst ? worst : error;  // no number counts as worst
      }
      const bool holds = worst <= tolerance;
      std::printf("%s %s [%s]: %.1e\n", holds ? "ok" : "FAILED", each.name, pxv::registry().sets[set].name, worst);
      failures += !holds;
    }
  }
  return failures > 0;
}
