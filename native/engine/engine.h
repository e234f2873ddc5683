// Program prepared to run pixel by pixel: its schedule and its packed weights. An Engine is immutable, so that many
// images can share it.
#pragma once

#include <optional>
#include <vector>

#include "../memory.h"
#include "engine_kernels.h"
#include "product.h"
#include "program.h"
#include "schedule.h"

namespace pxv::engine {

class Engine {
 public:
  // Copies `parameters`, which are in the program's order.
  Engine(Program program, const std::vector<const float*>& parameters, const EngineKernels& kernels);
  Engine(const Engine&) = delete;

  const Program& program() const { return program_; }
  const Schedule& schedule() const { return schedule_; }
  const EngineKernels& kernels() const { return kernels_; }
  // Product of an op; empty for an add.
  const std::optional<Product>& product(int op) const { return products_[op]; }
  // State h, then cell c, of an lstm outside the image; null if both are zero.
  const float* initial(int op) const { return initial_[op].empty() ? nullptr : initial_[op].data(); }
  const float* packed() const { return packed_.get(); }
  // Number of weights read at each pixel.
  size_t pixelFloats() const { return pixelFloats_; }

 private:
  const Program program_;
  const Schedule schedule_;
  const EngineKernels& kernels_;
  std::vector<std::optional<Product>> products_;
  std::vector<std::vector<float>> initial_;
  size_t pixelFloats_ = 0;
  FloatArray packed_;
};

}  // namespace pxv::engine
