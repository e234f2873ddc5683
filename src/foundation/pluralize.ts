/**
 * Returns a count with its noun, such as `1 clip`, `2 clips`, `3 entries`.
 * @param one singular of the noun
 * @param many plural of the noun; default: `one` with an s
 */
export function pluralize(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${String(count) === '1' ? one : many}`;
}
