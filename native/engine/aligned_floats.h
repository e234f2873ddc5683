// An array of floats that begins on a cache line and may be read a few vectors beyond its end.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace pxv::engine {

class AlignedFloats {
 public:
  AlignedFloats() = default;
  // All zero.
  explicit AlignedFloats(size_t count) : values_(allocate(count + slack)) {
    std::memset(values_.get(), 0, (count + slack) * sizeof(float));
  }

  float* data() const { return values_.get(); }

 private:
  static constexpr size_t slack = 64;
  static constexpr std::align_val_t line{64};

  struct Free {
    void operator()(float* values) const { ::operator delete(values, line); }
  };
  static float* allocate(size_t count) { return static_cast<float*>(::operator new(count * sizeof(float), line)); }

  std::unique_ptr<float, Free> values_;
};

}  // namespace pxv::engine
