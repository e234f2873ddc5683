// Memory of tensors.
#pragma once

#include <cstddef>

namespace pxv {

// Room for `count` floats that starts on a cache line, in huge pages where it is large and the system has them: the
// walks touch a page a pixel, more than the processor keeps translations for. Null where there is none.
float* allocateFloats(size_t count);
void freeFloats(float* floats);

}  // namespace pxv
