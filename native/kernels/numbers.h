// Arrays of a call that hold floats, or bfloat16.
#pragma once

#include <type_traits>

#include "../instruction_set.h"

namespace pxv {

// Calls body with an array as the numbers that it holds: floats, or bfloat16 where `inBf16`.
template <class Set, class Array, class Body>
void withNumbers(bool inBf16, Array* array, Body&& body) {
  if constexpr (Set::numbersInWord == 2)
    if (inBf16)
      return body(reinterpret_cast<std::conditional_t<std::is_const_v<Array>, const Bfloat16, Bfloat16>*>(array));
  body(array);
}

}  // namespace pxv
