/** Returns a count with its noun, such as `1 clip`, `2 clips`, `3 entries`. */
export function pluralize(count: number | string, one: string, many = `${one}s`): string {
  return `${count} ${String(count) === '1' ? one : many}`;
}
