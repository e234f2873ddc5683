// The engine's boundary to JavaScript.
#pragma once

#include <node_api.h>

#include "kernel_table.h"

namespace pxv {

// Where a typed array lies; null where the argument is null.
void* dataOf(napi_env env, napi_value array);

namespace engine {

// Gives an object the engine's functions, makeEngine and draw, over the kernels of one instruction set.
void defineEngine(napi_env env, napi_value object, const KernelTable& table);

}  // namespace engine
}  // namespace pxv
