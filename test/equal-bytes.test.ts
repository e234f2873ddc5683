const floats = (...values: number[]) => Float32Array.from(values);

test('typed arrays are equal where their values are, wherever these lie', () => {
  expect(floats(1, 2, 3).subarray(1)).toEqual(floats(2, 3));
  expect({ levels: [floats(NaN, -0)] }).toEqual({ levels: [floats(NaN, -0)] });
  expect(new Float32Array(new Uint32Array([0x7fc00001]).buffer)).toEqual(floats(NaN));
});

test.each([
  ['another last value', floats(1, 2), floats(1, 3)],
  ['a zero of the other sign', floats(0), floats(-0)],
  ['one value more', floats(1), floats(1, 0)],
  ['the same bytes of another type', floats(0), new Uint32Array(1)],
])('%s is a difference', (_, a, b) => {
  expect(a).not.toEqual(b);
  expect([{ a }]).not.toEqual([{ a: b }]);
});
