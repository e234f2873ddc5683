#include "scratch.h"

#include <cstdlib>

namespace pxv {

Scratch::~Scratch() { std::free(data_); }

void* Scratch::bytes(size_t count) {
  if (count > capacity_) {
    std::free(data_);
    capacity_ = (count + 63) / 64 * 64;
    data_ = std::aligned_alloc(64, capacity_);
    if (data_ == nullptr) std::abort();
  }
  return data_;
}

}  // namespace pxv
