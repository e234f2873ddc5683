// The engine's boundary to JavaScript.
#pragma once

#define NAPI_VERSION 8
#include <node_api.h>

#include "../kernel_table.h"

namespace pxv::engine {

// Adds makeEngine and drawImages, computed by one instruction set, to an object.
void defineEngine(napi_env env, napi_value object, const KernelTable& table);

}  // namespace pxv::engine
