// Runs calls of kernels with one instruction set, for machines and emulators without Node.js. Arguments: the set, and a
// file of calls, in which outputs are written over. A call is its kernel's place in the table, its numbers, and each
// array after its length in bytes, -1: null; all at multiples of 8 bytes.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "../../native/registry.h"

namespace {

int64_t numberAt(const unsigned char* from) {
  int64_t number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

// Returns where the next call stands.
unsigned char* runCall(const pxv::KernelTable& table, unsigned char* at) {
  const auto kernel = static_cast<int>(numberAt(at));
  const auto [bytes, arrays] = pxv::callSizes[kernel];
  alignas(8) unsigned char call[pxv::mostCallBytes];
  std::memcpy(call, at += sizeof(int64_t), bytes);
  at += bytes;
  for (int i = 0; i < arrays; i++) {
    const int64_t length = numberAt(at);
    const void* array = length < 0 ? nullptr : at += sizeof length;
    std::memcpy(call + bytes + i * sizeof array, &array, sizeof array);
    at += length < 0 ? sizeof length : (length + 7) / 8 * 8;
  }
  pxv::runKernel(table, kernel, call);
  return at;
}

}  // namespace

int main(int, char** arguments) {
  std::FILE* file = std::fopen(arguments[2], "r+b");
  std::vector<unsigned char> calls;
  for (int byte; (byte = std::fgetc(file)) != EOF;) calls.push_back(static_cast<unsigned char>(byte));
  for (const pxv::RegisteredSet& set : pxv::registry().sets) {
    if (set.name != std::string(arguments[1])) continue;
    for (unsigned char* at = calls.data(); at < calls.data() + calls.size();) at = runCall(set.table, at);
    std::rewind(file);
    return std::fwrite(calls.data(), 1, calls.size(), file) == calls.size() ? std::fclose(file) : 1;
  }
  return 1;
}
