// Elementary functions, lane by lane: the same code, and so the same results, in every instruction set that fuses
// products and sums. Polynomials are those of Cephes (Moshier, single precision). Error bounds, in units in the last
// place of the result, were measured against double precision on every 97th float of the domain.
#pragma once

#include "instruction_set.h"

namespace pxv {

template <class Set>
struct Math {
  using Floats = typename Set::Floats;
  using Integers = typename Set::Integers;

  // e^x; 0 below -87.33, constant above 88.37; NaN stays. Error < 1.5 ulp.
  static Floats exp(Floats x) {
    const Reduced reduced = reduce(x);
    const Floats value = (reduced.expm1 + 1.0f) * reduced.scale;
    return x < smallest ? Floats{} : value;
  }

  // e^x - 1, with the bounds of exp. Error < 2 ulp.
  static Floats expm1(Floats x) {
    const Reduced reduced = reduce(x);
    return Set::multiplyAdd(reduced.expm1, reduced.scale, reduced.scale - 1.0f);
  }

  // Natural logarithm of a positive normal number. Error < 1.5 ulp.
  static Floats log(Floats x) {
    const Integers bits = (Integers)x;
    const Integers exponent = (bits - squareRootOfHalf) >> 23;
    const Floats mantissa = (Floats)(bits - (exponent << 23));
    return logOf(mantissa - 1.0f, __builtin_convertvector(exponent, Floats));
  }

  // log(1 + x) for x in [0, 1]. Error < 1.5 ulp.
  static Floats log1p(Floats x) {
    const Integers large = x > 0.41421356f;
    return logOf(large ? 0.5f * x - 0.5f : x, large ? Set::fill(1.0f) : Floats{});
  }

  // 1 / (1 + e^-x); constant below -88.37. Error < 3 ulp.
  static Floats sigmoid(Floats x) {
    const Reduced reduced = reduce(-x);
    return 1.0f / Set::multiplyAdd(reduced.expm1 + 1.0f, reduced.scale, Set::fill(1.0f));
  }

  // (e^2x - 1) / (e^2x + 1), so that small values keep their precision. Error < 3 ulp.
  static Floats tanh(Floats x) {
    const Floats shrunk = expm1(-2.0f * x);
    return -shrunk / (2.0f + shrunk);
  }

  // log(1 + e^x), to 1e-9 or 2 ulp, and its derivative 1 / (1 + e^-x), to 3 ulp, from one exponential. The logarithm's
  // argument is at least 1e-9: powers of smaller values would be denormal, which is slow.
  struct Softplus {
    Floats value, sigmoid;
  };
  static Softplus softplus(Floats x) {
    const Floats e = exp(x < 0.0f ? x : -x);
    const Floats inverse = 1.0f / (1.0f + e);
    return {Set::max(x, Floats{}) + log1p(Set::max(e, Set::fill(1e-9f))), x < 0.0f ? e * inverse : inverse};
  }

 private:
  static constexpr float smallest = -87.336544f, largest = 88.37f;
  static constexpr int32_t squareRootOfHalf = 0x3f3504f3;

  // Returns the sum over i of coefficients[i] x^i by Estrin's scheme: few products depend on each other.
  template <int Count>
  [[gnu::always_inline]] static Floats polynomial(Floats x, const float (&coefficients)[Count]) {
    Floats terms[Count];
#pragma GCC unroll 16
    for (int i = 0; i < Count; i++) terms[i] = Set::fill(coefficients[i]);
#pragma GCC unroll 4
    for (int left = Count; left > 1; left = (left + 1) / 2, x *= x)
#pragma GCC unroll 8
      for (int i = 0; i < (left + 1) / 2; i++)
        terms[i] = 2 * i + 1 < left ? Set::multiplyAdd(terms[2 * i + 1], x, terms[2 * i]) : terms[2 * i];
    return terms[0];
  }

  // e^x = (expm1 + 1) * scale, where scale is a power of two and |log(expm1 + 1)| <= log(2) / 2.
  struct Reduced {
    Floats expm1, scale;
  };
  static Reduced reduce(Floats x) {
    x = Set::max(Set::fill(smallest), Set::min(Set::fill(largest), x));
    const Floats rounder = Set::fill(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
    const Floats shifted = Set::multiplyAdd(x, Set::fill(1.44269504f), rounder);
    const Floats n = shifted - rounder;
    Floats r = Set::multiplyAdd(n, Set::fill(-0.693359375f), x);
    r = Set::multiplyAdd(n, Set::fill(2.12194440e-4f), r);
    const Floats p = polynomial(r, {5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f, 8.3334519073e-3f,
                                    1.3981999507e-3f, 1.9875691500e-4f});
    const Integers exponent = (Integers)shifted - (Integers)rounder + 127;
    return {Set::multiplyAdd(r * r, p, r), (Floats)(exponent << 23)};
  }

  // log(1 + f) + exponent * log(2) for f in [sqrt(1/2) - 1, sqrt(2) - 1].
  static Floats logOf(Floats f, Floats exponent) {
    const Floats tail = polynomial(f, {-2.4999993993e-1f, 2.0000714765e-1f, -1.6668057665e-1f, 1.4249322787e-1f,
                                       -1.2420140846e-1f, 1.1676998740e-1f, -1.1514610310e-1f, 7.0376836292e-2f});
    const Floats p = Set::multiplyAdd(tail, f, Set::fill(3.3333331174e-1f));
    const Floats square = f * f;
    Floats y = Set::multiplyAdd(exponent, Set::fill(-2.12194440e-4f), p * f * square);
    y = Set::multiplyAdd(square, Set::fill(-0.5f), y);
    return Set::multiplyAdd(exponent, Set::fill(0.693359375f), f + y);
  }
};

}  // namespace pxv
