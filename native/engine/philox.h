// Philox4x32-10, as src/philox.ts has it (Salmon et al., SC 2011).
#pragma once

#include <cstdint>

namespace pxv::engine {

// A number strictly between 0 and 1: (x + 1/2) / 2^32, x the first word of the block of this counter.
inline double uniform(const uint32_t key[2], uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
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

}  // namespace pxv::engine
