import { Context } from '../../src/model/context.js';
import { ExampleBuffer } from '../../src/model/examples.js';

const shape = { size: { width: 2, height: 3 }, channels: 1, levels: 256, context: 2 } as const;

test.each([5, 7])('a frame of %i bytes is refused where the model has 6, whatever is done with it', (bytes) => {
  const refusal = expect.objectContaining({
    code: 'INPUT',
    message: `add a frame to a context: frame: expected 6 bytes (2x3x1), received ${bytes}; bring the frame to the model's size`,
  }) as Error;
  const context = new Context(shape);
  context.push(new Uint8Array(6));
  expect(() => context.push(new Uint8Array(bytes))).toThrow(refusal);
  expect(() => context.addExample(new ExampleBuffer(shape, 1), new Uint8Array(bytes))).toThrow(refusal);
});
