/**
 * Version of the encoding of an engine's program. `encodeProgram` of src/sampling/engine.ts writes the encoding, and
 * native/engine/program.cc reads it. Raise the version if the encoding changes: an addon or WebAssembly module of
 * another version is then refused, and program.cc does not compile until it states the new version.
 */
export const PROGRAM_VERSION = 1;
