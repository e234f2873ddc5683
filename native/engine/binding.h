// The engine's boundary to JavaScript.
#pragma once

#include <node_api.h>

#include "kernel_table.h"

namespace pxv {

// Where a typed array lies; null where the argument is null.
void* dataOf(napi_env env, napi_value array);
// Writes the struct of a call: its numbers, of which there are so many bytes, from the first argument, then where each array lies.
void readCall(napi_env env, const napi_value* arguments, size_t bytes, int arrays, void* call);
// Gives an object a function, with what it is called with.
void define(napi_env env, napi_value object, const char* name, napi_callback callback, const void* data);

namespace engine {

// Gives an object the engine's functions, makeEngine and draw, over the kernels of one instruction set.
void defineEngine(napi_env env, napi_value object, const KernelTable& table);

}  // namespace engine
}  // namespace pxv
