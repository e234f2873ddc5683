// exp, expm1 and log in float64, in vectors of GCC and Clang. Products are never fused with sums, so that all
// instruction sets give the same bits.
#pragma once

#include <cstdint>
#include <cstring>

namespace pxv::engine {

template <int Lanes>
struct Elementary {
  typedef double Doubles __attribute__((vector_size(Lanes * sizeof(double))));
  typedef int64_t Integers __attribute__((vector_size(Lanes * sizeof(int64_t))));

  static Doubles fill(double value) { return value - Doubles{}; }

  // e^x; 0 below -708, infinite above 709.
  static Doubles exp(Doubles x) {
    const Reduced reduced = reduce(x);
    const Doubles value = select(x > 709.0, fill(__builtin_inf()), (1.0 + reduced.expm1) * reduced.scale);
    return select(x < -708.0, Doubles{}, value);
  }

  // e^x - 1; -1 below -708; for x up to 709.
  static Doubles expm1(Doubles x) {
    const Reduced reduced = reduce(x);
    return select(x < -708.0, fill(-1), reduced.expm1 * reduced.scale + (reduced.scale - 1.0));
  }

  static Doubles select(Integers condition, Doubles a, Doubles b) { return condition ? a : b; }

 private:
  struct Reduced {
    Doubles expm1, scale;  // e^x = (1 + expm1) * scale, scale a power of two
  };

  // x = n log 2 + r; Cephes' (Moshier) rational function of r.
  static Reduced reduce(Doubles x) {
    const Doubles shifted = x * 1.4426950408889634 + 6755399441055744.0;
    const Doubles n = shifted - 6755399441055744.0;
    const Doubles r = x - n * 0.693145751953125 - n * 1.4286068203094173e-6;
    const Doubles rr = r * r;
    const Doubles p = r * ((1.2617719307481059e-4 * rr + 3.0299440770744196e-2) * rr + 1.0);
    const Doubles q = ((3.0019850513866446e-6 * rr + 2.5244834034968410e-3) * rr + 2.2726554820815503e-1) * rr + 2.0;
    const Integers exponent = ((Integers)shifted + 1023) << 52;
    return {2.0 * (p / (q - p)), (Doubles)exponent};
  }
};

inline double exponential(double x) { return Elementary<2>::exp(Elementary<2>::fill(x))[0]; }
inline double exponentialMinusOne(double x) { return Elementary<2>::expm1(Elementary<2>::fill(x))[0]; }

// Natural logarithm of a number that is zero or at least 2^-1022.
inline double logarithm(double x) {
  if (!(x > 0.0)) return x == 0.0 ? -__builtin_inf() : __builtin_nan("");
  int64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  // The mantissa between sqrt(1/2) and sqrt(2); fdlibm's series.
  int32_t high = static_cast<int32_t>(bits >> 32);
  const int32_t exponent = (high - 0x3fe6a09e) >> 20;
  high -= exponent * (1 << 20);
  bits = (static_cast<int64_t>(high) << 32) | (bits & 0xffffffff);
  double mantissa;
  std::memcpy(&mantissa, &bits, sizeof mantissa);
  const double f = mantissa - 1.0;
  const double s = f / (2.0 + f), z = s * s, w = z * z;
  const double even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const double odd =
      z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const double half = 0.5 * f * f;
  const double k = exponent;
  return k * 0.6931471803691238 - ((half - (s * (half + (even + odd)) + k * 1.9082149292705877e-10)) - f);
}

}  // namespace pxv::engine
