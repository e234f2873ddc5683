/** An engine in C++, made by `makeEngine`; it is freed with this object. */
export type EngineHandle = object & { readonly engine?: never };

/**
 * What native/engine exports for one instruction set. C++ checks nothing: src/sampling/native-engine.ts sees to it that
 * the arrays fit.
 */
export interface NativeEngine {
  /**
   * @param program its numbers, as native/engine/program.h reads them
   * @param parameters in the program's order; they are copied
   */
  makeEngine(program: Int32Array, parameters: readonly Float32Array[]): EngineHandle;
  /**
   * Draws a batch of images off the main thread; see DrawingRequest in native/engine/drawing.h. No array may be used until
   * the promise is settled, but `stop`.
   *
   * @param numbers batch; head: kind, levels, components, meanScale, 1 where colours are together; anchors of each
   *   sub-pixel; image features: middle, gain; temperature, topP, componentTemperature,
   *   carryWithin
   * @param words the two of the key; then three for each image
   * @param stop one number; anything but 0 ends the work after the row at hand
   * @param onRow told the number of rows done, after each
   * @param templates what is looked for in the references: `templateNumbers`
   * @param regressed what is regressed on them: `localRegressionNumbers`
   * @returns 1, or the sum of the probabilities that made it impossible to go on
   */
  drawImages(
    engine: EngineHandle,
    numbers: Float64Array,
    words: Uint32Array,
    map: Float32Array | null,
    anchors: Float32Array | null,
    levels: Int16Array,
    nats: Float64Array,
    outputs: Float32Array | null,
    stop: Int32Array,
    onRow: ((rows: number) => void) | null,
    references: Float32Array | null,
    templates: Float64Array | null,
    regressed: Float64Array | null,
  ): Promise<number>;
}
