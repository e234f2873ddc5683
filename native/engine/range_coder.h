// Range coder: Martin, "Range encoding: an algorithm for removing redundancy from a digitised message" (1979), with 64
// bits, carry propagation into written bytes, and the shortest possible end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pxv::engine {

// Minimum range; a smaller range is extended by a byte.
constexpr uint64_t leastRange = uint64_t{1} << 56;

class RangeEncoder {
 public:
  // Encodes a symbol with counts [start, start + count) of 2^bits; count is above 0, bits at most 32.
  void encode(uint32_t start, uint32_t count, int bits) {
    const uint64_t unit = range_ >> bits;
    const uint64_t before = low_;
    low_ += unit * start;
    if (low_ < before) carry();
    range_ = unit * count;
    while (range_ < leastRange) {
      bytes_.push_back(static_cast<uint8_t>(low_ >> 56));
      low_ <<= 8;
      range_ <<= 8;
    }
  }

  // Returns the encoded bytes: the fewest that, followed by zeros, lie in the last range.
  std::vector<uint8_t> finish() {
    for (int count = 0; count < 8; count++) {
      const uint64_t step = count == 0 ? 0 : uint64_t{1} << (64 - 8 * count);
      const uint64_t rounded = count == 0 ? 0 : (low_ + (step - 1)) & ~(step - 1);
      const uint64_t over = rounded - low_;  // also right if rounding overflows 2^64, a carry
      if (over >= range_) continue;
      if (rounded < low_) carry();
      for (int at = 0; at < count; at++) bytes_.push_back(static_cast<uint8_t>(rounded >> (56 - 8 * at)));
      break;
    }
    while (!bytes_.empty() && bytes_.back() == 0) bytes_.pop_back();
    return std::move(bytes_);
  }

 private:
  void carry() {
    for (size_t at = bytes_.size(); at-- > 0 && ++bytes_[at] == 0;) {
    }
  }

  uint64_t low_ = 0, range_ = ~uint64_t{0};
  std::vector<uint8_t> bytes_;
};

// Decoder of a RangeEncoder's bytes; reads zeros beyond their end.
class RangeDecoder {
 public:
  RangeDecoder(const uint8_t* bytes, size_t count) : bytes_(bytes), count_(count) {
    for (int at = 0; at < 8; at++) code_ = code_ << 8 | next();
  }

  // Returns a count below 2^bits within the counts of the next symbol. Call `take` with that symbol's counts next.
  uint32_t peek(int bits) {
    unit_ = range_ >> bits;
    const uint64_t count = code_ / unit_;
    const uint64_t most = (uint64_t{1} << bits) - 1;
    return static_cast<uint32_t>(count < most ? count : most);
  }
  void take(uint32_t start, uint32_t count) {
    code_ -= unit_ * start;
    range_ = unit_ * count;
    while (range_ < leastRange) {
      code_ = code_ << 8 | next();
      range_ <<= 8;
    }
  }

 private:
  uint8_t next() { return at_ < count_ ? bytes_[at_++] : 0; }

  const uint8_t* bytes_;
  const size_t count_;
  size_t at_ = 0;
  uint64_t code_ = 0, range_ = ~uint64_t{0}, unit_ = 0;
};

}  // namespace pxv::engine
